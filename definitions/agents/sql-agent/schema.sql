-- The sample books of a maker of instruments. query.py builds them in memory at every start, from ledger.csv and budget.csv.
-- Amounts are whole euros; costs are positive.

CREATE TABLE ledger (
  month   TEXT NOT NULL,
  account TEXT NOT NULL,
  name    TEXT NOT NULL,
  kind    TEXT NOT NULL CHECK (kind IN ('revenue', 'cost')),
  amount  INTEGER NOT NULL,
  PRIMARY KEY (month, account)
);

CREATE TABLE budget (
  month   TEXT NOT NULL,
  account TEXT NOT NULL,
  name    TEXT NOT NULL,
  kind    TEXT NOT NULL CHECK (kind IN ('revenue', 'cost')),
  amount  INTEGER NOT NULL,
  PRIMARY KEY (month, account)
);
