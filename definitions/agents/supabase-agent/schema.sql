-- The sample KPI database. query.py builds it in memory at every start and fills it from kpi.csv.

CREATE TABLE kpi (
  name      TEXT PRIMARY KEY,
  label     TEXT NOT NULL,
  unit      TEXT NOT NULL,
  aggregate TEXT NOT NULL CHECK (aggregate IN ('sum', 'average'))
);

INSERT INTO kpi VALUES
  ('revenue',          'Revenue',          'EUR', 'sum'),
  ('orders',           'Orders',           'orders', 'sum'),
  ('active_customers', 'Active customers', 'customers', 'average'),
  ('support_tickets',  'Support tickets',  'tickets', 'sum'),
  ('gross_margin',     'Gross margin',     '%', 'average');

CREATE TABLE kpi_value (
  day   TEXT NOT NULL,
  kpi   TEXT NOT NULL REFERENCES kpi (name),
  value NUMERIC NOT NULL,
  PRIMARY KEY (kpi, day)
) WITHOUT ROWID;
