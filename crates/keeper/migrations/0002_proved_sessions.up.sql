-- The sessions that were found in the restored copy of the newest proved backup, for each service, backup and store.
CREATE TABLE proved_sessions (
    service  TEXT NOT NULL,
    backup   TEXT NOT NULL,     -- PLAN/NAME
    store    TEXT NOT NULL,
    part     BIGINT NOT NULL,   -- from 0; thousands of keys each
    snapshot TEXT NOT NULL,     -- by which the store knows it
    taken_at TEXT NOT NULL,
    proof    BIGINT NOT NULL,   -- row of the ledger that says that it was proved
    ids      BYTEA NOT NULL,    -- a JSON array of keys, deflated
    PRIMARY KEY (service, backup, store, part)
);
