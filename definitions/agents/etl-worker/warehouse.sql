-- The sample warehouse as the night finds it: two of the orders that come tonight are in it already.

CREATE TABLE orders (
  id       INTEGER NOT NULL CONSTRAINT orders_pkey PRIMARY KEY,
  customer TEXT NOT NULL,
  country  TEXT NOT NULL,
  amount   INTEGER NOT NULL, -- cents
  status   TEXT NOT NULL
);

INSERT INTO orders VALUES
  (10478, 'Harbour Yard',   'NL', 128400, 'shipped'),
  (10480, 'Bexley Optics',  'GB',  56350, 'shipped'),
  (10482, 'Mill & Sons',    'IE',  99000, 'open'),
  (10485, 'Fjord Survey',   'NO', 240075, 'open');

-- What was loaded, by idempotency key: a load that is asked for twice answers twice and happens once.
CREATE TABLE loads (
  key     TEXT PRIMARY KEY,
  output  TEXT NOT NULL,
  receipt TEXT NOT NULL
);
