-- What lies in each store, kept in step with the rows of the ledger: a backup comes with its row and goes when it is
-- dropped.
CREATE TABLE backups (
    backup         TEXT NOT NULL,  -- PLAN/NAME
    store          TEXT NOT NULL,
    snapshot       TEXT NOT NULL,
    taken_at       TEXT NOT NULL,
    size_bytes     BIGINT,
    added_bytes    BIGINT,
    duration_ms    BIGINT,
    damage         TEXT,
    proved_at      TEXT,           -- of the newest proof
    proof_good     BIGINT,
    proof_finding  TEXT,
    proof_ms       BIGINT,
    PRIMARY KEY (backup, store, snapshot)
);

-- What was tried with each store, the newest of each kind.
CREATE TABLE backup_tries (
    backup        TEXT NOT NULL,
    store         TEXT NOT NULL,
    failed_at     TEXT,
    failure       TEXT,
    failing_since TEXT,            -- none when a backup has succeeded since
    failures      BIGINT NOT NULL, -- in a row
    restored_at   TEXT,
    restored_good BIGINT,
    restored_ms   BIGINT,
    pruned_at     TEXT,            -- when old ones were dropped last
    PRIMARY KEY (backup, store)
);
