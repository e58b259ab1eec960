//! Thirty tables with every kind of column, name and relation that a dump must carry.

/// One after the other makes them.
pub(super) const STATEMENTS: &[&str] = &[
    "CREATE SCHEMA \"Odd \"\"schema\"\"\"",
    "CREATE SCHEMA app",
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy')",
    "CREATE TYPE pair AS (a bigint, b text)",
    "CREATE DOMAIN positive AS bigint CHECK (VALUE > 0)",
    // Numbers in all sizes, with what is not a number.
    "CREATE TABLE numbers (id bigint PRIMARY KEY, small smallint, whole integer, exact numeric, fixed numeric(20, 5), \
     single real, double double precision, price money)",
    "INSERT INTO numbers VALUES (1, -32768, 2147483647, 'NaN', 12345.67890, 'Infinity', '-0', '12.34'), \
     (2, NULL, 0, 1e300::numeric + 0.000000000000000000001, -0.00001, 0.1, 0.1, NULL), \
     (3, 1, 1, 0.10, 0.10, 1e-40, 5e-324, '-0.01')",
    "CREATE TABLE spare_numbers AS SELECT * FROM numbers WHERE id = 1",
    "CREATE TABLE texts (id bigint PRIMARY KEY, plain text, short varchar(40), padded char(10), one \"char\", n name)",
    "INSERT INTO texts VALUES (1, 'one', 'x', 'y', 'z', 'n'), (2, 'two', '', '', NULL, ''), \
     (3, E'tab\\t line\\n \\\\ quote '' \" , ( ) 中文 🦀', 'needle-1234', NULL, 'c', NULL), (4, NULL, NULL, NULL, NULL, NULL)",
    "CREATE TABLE bytes (id bigint PRIMARY KEY, data bytea)",
    "INSERT INTO bytes SELECT n, decode(repeat(md5(n::text), 300), 'hex') FROM generate_series(1, 50) n",
    "INSERT INTO bytes VALUES (0, ''), (-1, NULL), (-2, '\\x00ff0a5c')",
    "CREATE TABLE times (id bigint PRIMARY KEY, stamp timestamp, zoned timestamptz, day date, clock time, \
     zoned_clock timetz, span interval)",
    "INSERT INTO times VALUES (1, 'infinity', '-infinity', '4713-01-01 BC', '24:00', '23:59:59.999999+15:59', \
     '1 year -2 days 03:04:05.678'), (2, '2026-03-29 02:30:00.123456', '2026-03-29 02:30:00.5+02', '5874897-12-31', \
     '00:00', '00:00-15:59', '-178000000 years'), (3, NULL, NULL, NULL, NULL, NULL, NULL)",
    "CREATE TABLE documents (id bigint PRIMARY KEY, as_written json, as_meant jsonb, page xml)",
    "INSERT INTO documents VALUES (1, '{ \"b\":1,  \"a\" :[1, 2.50, null], \"a\": 2 }', '{\"b\": 1, \"a\": [1, 2.50, null]}', \
     '<a b=\"1\">x</a>'), (2, 'null', 'null', NULL)",
    "CREATE TABLE lists (id bigint PRIMARY KEY, words text[], grid integer[][], pairs pair[])",
    "INSERT INTO lists VALUES (1, ARRAY['a', NULL, '', 'NULL', '{,}', '\"'], '[2:3][0:1]={{1,2},{3,4}}', \
     ARRAY[ROW(1, 'x y')::pair, NULL]), (2, '{}', NULL, '{}')",
    "CREATE TABLE own_types (id bigint PRIMARY KEY, feeling mood, two pair, above_zero positive)",
    "INSERT INTO own_types VALUES (1, 'very happy', ROW(NULL, ''), 1), (2, NULL, NULL, NULL)",
    "CREATE TABLE ranges (id bigint PRIMARY KEY, numbers int4range, times tstzrange, many int8multirange)",
    "INSERT INTO ranges VALUES (1, '[1,5)', '[2026-01-01,infinity]', '{[1,2), [5,9)}'), (2, 'empty', '(,)', '{}')",
    "CREATE TABLE places (id bigint PRIMARY KEY, p point, l line, s lseg, b box, w path, g polygon, c circle)",
    "INSERT INTO places VALUES (1, '(0.1,2)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,0)]', \
     '((0,0),(1,0),(1,1))', '<(0,0),1.5>')",
    "CREATE TABLE addresses (id uuid PRIMARY KEY, net cidr, host inet, card macaddr, long_card macaddr8)",
    "INSERT INTO addresses VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '10.0.0.0/8', '::1/128', \
     '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05')",
    "CREATE TABLE bits (id bigint PRIMARY KEY, b bit(5), v bit varying, yes boolean)",
    "INSERT INTO bits VALUES (1, B'10101', B'', true), (2, B'00000', B'1', NULL)",
    "CREATE TABLE searches (id bigint PRIMARY KEY, v tsvector, q tsquery, at pg_lsn, of regclass)",
    "INSERT INTO searches VALUES (1, 'a:1 fat:2A cat:3', 'fat & (cat | rat)', '16/B374D848', 'numbers')",
    // What is computed, and what counts by itself.
    "CREATE TABLE computed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n bigint, \
     twice bigint GENERATED ALWAYS AS (n * 2) STORED)",
    "INSERT INTO computed (n) SELECT n FROM generate_series(1, 10) n",
    "CREATE TABLE counted (id serial PRIMARY KEY, at timestamptz DEFAULT now())",
    "INSERT INTO counted SELECT FROM generate_series(1, 5)",
    "CREATE TABLE nothing_in_it (id bigint PRIMARY KEY, t text)",
    "CREATE TABLE no_columns ()",
    "INSERT INTO no_columns SELECT FROM generate_series(1, 3)",
    "CREATE TABLE dropped (a bigint, b text, c bigint)",
    "INSERT INTO dropped VALUES (1, 'gone', 2)",
    "ALTER TABLE dropped DROP COLUMN b",
    "CREATE TABLE twins (t text)",
    "INSERT INTO twins SELECT 'same' FROM generate_series(1, 7)",
    "CREATE UNLOGGED TABLE unlogged (n bigint)",
    "INSERT INTO unlogged VALUES (1)",
    // Names.
    "CREATE TABLE \"Odd \"\"schema\"\"\".\"Table; DROP $1 'x' 中\" (\"Column \"\"a\"\"\" text, \"select\" text, t text)",
    "INSERT INTO \"Odd \"\"schema\"\"\".\"Table; DROP $1 'x' 中\" VALUES ('a', 'b', 'c')",
    "CREATE TABLE app.numbers (id bigint)",
    "INSERT INTO app.numbers VALUES (1)",
    "CREATE TABLE \"order\" (\"table\" text)",
    "INSERT INTO \"order\" VALUES ('x')",
    // Partitions, a partition of a partition, one without rows.
    "CREATE TABLE events (id bigint, kind text, at date) PARTITION BY RANGE (at)",
    "CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    "CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') \
     PARTITION BY LIST (kind)",
    "CREATE TABLE events_2026_a PARTITION OF events_2026 FOR VALUES IN ('a')",
    "CREATE TABLE events_2026_b PARTITION OF events_2026 DEFAULT",
    "CREATE TABLE events_rest PARTITION OF events DEFAULT",
    "INSERT INTO events VALUES (1, 'a', '2025-06-01'), (2, 'a', '2026-06-01'), (3, 'a', '2026-06-02'), \
     (4, 'c', '2026-06-01')",
    // A child whose columns stand in another order than its parent's.
    "CREATE TABLE parent (a bigint, b text)",
    "CREATE TABLE child (extra text, b text, a bigint)",
    "ALTER TABLE child INHERIT parent",
    "INSERT INTO parent VALUES (1, 'p')",
    "INSERT INTO child VALUES ('e', 'c', 2), ('f', 'd', 3)",
    // References, rules for rows, what hangs on tables.
    "CREATE TABLE owners (id bigint PRIMARY KEY)",
    "INSERT INTO owners SELECT n FROM generate_series(1, 100) n",
    "CREATE TABLE pets (id bigint PRIMARY KEY, owner bigint NOT NULL REFERENCES owners, best_friend bigint REFERENCES \
     pets DEFERRABLE INITIALLY DEFERRED)",
    "INSERT INTO pets VALUES (1, 1, 2), (2, 100, 1)",
    "CREATE TABLE guarded (id bigint, who text)",
    "INSERT INTO guarded VALUES (1, 'me'), (2, 'you')",
    "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY own ON guarded USING (who = current_user)",
    "CREATE INDEX texts_lower ON texts (lower(plain))",
    "CREATE VIEW happy AS SELECT * FROM own_types WHERE feeling = 'very happy'",
    "CREATE MATERIALIZED VIEW totals AS SELECT count(*) AS n FROM numbers",
    "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
     'BEGIN INSERT INTO public.notes VALUES (NEW.id); RETURN NEW; END'",
    "CREATE TABLE notes (id bigint)",
    "CREATE TRIGGER noted AFTER INSERT ON counted FOR EACH ROW EXECUTE FUNCTION note()",
    "INSERT INTO counted DEFAULT VALUES",
    "COMMENT ON TABLE counted IS 'it counts'",
    "CREATE TABLE written (id bigserial PRIMARY KEY, t text)",
    "INSERT INTO written (t) SELECT md5(n::text) FROM generate_series(1, 1000) n",
    "SELECT lo_from_bytea(0, decode(repeat('00ff', 5000), 'hex'))",
    "SELECT lo_from_bytea(0, '')",
];

/// What others do meanwhile.
pub(super) const WRITES: &[&str] = &[
    "INSERT INTO written (t) SELECT md5(random()::text) FROM generate_series(1, 20)",
    "UPDATE written SET t = 'changed' WHERE id % 97 = (random() * 97)::int",
    "DELETE FROM written WHERE id IN (SELECT id FROM written ORDER BY id LIMIT 5)",
    "INSERT INTO events VALUES (9, 'z', '2026-01-05')",
    "INSERT INTO counted DEFAULT VALUES",
];

/// Rows of every table as they were made.
pub(super) const ROWS: &[(&str, u64)] = &[
    ("\"Odd \"\"schema\"\"\".\"Table; DROP $1 'x' 中\"", 1),
    ("app.numbers", 1),
    ("large objects", 2),
    ("public.\"order\"", 1),
    ("public.addresses", 1),
    ("public.bits", 2),
    ("public.bytes", 53),
    ("public.child", 2),
    ("public.computed", 10),
    ("public.counted", 6),
    ("public.documents", 2),
    ("public.dropped", 1),
    ("public.events_2025", 1),
    ("public.events_2026_a", 2),
    ("public.events_2026_b", 1),
    ("public.events_rest", 0),
    ("public.guarded", 2),
    ("public.lists", 2),
    ("public.no_columns", 3),
    ("public.notes", 1),
    ("public.nothing_in_it", 0),
    ("public.numbers", 3),
    ("public.own_types", 2),
    ("public.owners", 100),
    ("public.parent", 1),
    ("public.pets", 2),
    ("public.places", 1),
    ("public.ranges", 2),
    ("public.searches", 1),
    ("public.spare_numbers", 1),
    ("public.texts", 4),
    ("public.times", 3),
    ("public.twins", 7),
    ("public.unlogged", 1),
    ("public.written", 1000),
];
