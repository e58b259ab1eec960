-- What happened, in rows that are only ever added; each holds the one before it in place by its hash.
CREATE TABLE ledger (
    seq      BIGINT NOT NULL PRIMARY KEY,
    at       TEXT NOT NULL,     -- RFC 3339 with nanoseconds: part of the hash
    body     TEXT NOT NULL,     -- the event as canonical JSON
    previous TEXT NOT NULL,
    hash     TEXT NOT NULL
);

-- The outcome of each occurrence beside its row, with what the run printed, which is too long for the ledger.
CREATE TABLE runs (
    seq         BIGINT NOT NULL PRIMARY KEY,  -- of the row with the outcome
    task        TEXT NOT NULL,
    due         TEXT NOT NULL,
    trigger_seq BIGINT,
    outcome     TEXT NOT NULL,
    detail      TEXT NOT NULL,
    ended_at    TEXT NOT NULL,
    duration_ms BIGINT,
    exit_code   BIGINT,
    output      TEXT NOT NULL
);
CREATE INDEX runs_by_task ON runs (task, seq);

-- What people ask of the keeper that holds the file; it answers with a row of the ledger.
CREATE TABLE requests (
    id         TEXT NOT NULL PRIMARY KEY,
    created_at TEXT NOT NULL,
    kind       TEXT NOT NULL,   -- run, evidence
    task       TEXT NOT NULL,
    asked_by   TEXT NOT NULL,
    evidence   TEXT NOT NULL,
    answer_seq BIGINT,          -- row that answers it
    refusal    TEXT             -- why there is none
);
CREATE INDEX requests_open ON requests (created_at) WHERE answer_seq IS NULL AND refusal IS NULL;

-- Who may write: one row.
CREATE TABLE holder (
    id      BIGINT NOT NULL PRIMARY KEY,
    token   TEXT NOT NULL,
    host    TEXT NOT NULL,
    pid     BIGINT NOT NULL,
    since   TEXT NOT NULL,
    beat_at TEXT NOT NULL
);

-- What watched files and folders looked like when they were last looked at.
CREATE TABLE watched (
    task        TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL
);
