-- One row a statement slower than the configured limit. The text only: parameters are never stored.
CREATE TABLE slow_queries (
    query     TEXT NOT NULL,
    duration  DOUBLE PRECISION NOT NULL, -- milliseconds
    timestamp TEXT NOT NULL              -- UTC, YYYY-MM-DD HH:MM:SS.SSS
);

CREATE INDEX slow_queries_by_timestamp ON slow_queries (timestamp);
