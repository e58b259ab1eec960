-- Every job that was ever accepted, until it is pruned. With Redis behind the queue this is the outbox as well.
-- Moments that are compared and added to are milliseconds since 1970; those that people read are UTC text.
CREATE TABLE job_queue (
    id TEXT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    -- JSON; emptied when the job is done, for it may hold what should not be kept.
    payload TEXT NOT NULL,
    idempotency_key TEXT,
    -- The same as idempotency_key while it keeps others out; two NULLs do not clash.
    held_key TEXT,
    priority BIGINT NOT NULL,
    -- live, done, dead. A live job is ready when visible_at_ms has come, otherwise running (it has a lease_token)
    -- or delayed.
    state TEXT NOT NULL,
    -- 1 when it stands in the line, 0 while it waits beside it for visible_at_ms: those who are not due must not be
    -- stepped over at every claim.
    is_in_line BIGINT NOT NULL,
    -- Its place in the line: when it fell due, less a head start for priority.
    rank_ms BIGINT NOT NULL,
    -- Nobody may claim it before: the end of a delay, of a backoff or of a lease.
    visible_at_ms BIGINT NOT NULL,
    -- How long that wait was meant to be, so that a clock set back cannot lengthen it.
    wait_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    lease_token TEXT,
    lease_by TEXT,
    -- The life of the Redis that was told of it; empty before.
    published TEXT NOT NULL,
    last_error TEXT,
    enqueued_at TEXT NOT NULL,
    finished_at TEXT
);
CREATE UNIQUE INDEX idx_job_queue_key ON job_queue (kind, held_key);
CREATE INDEX idx_job_queue_line ON job_queue (kind, rank_ms, id) WHERE is_in_line = 1;
CREATE INDEX idx_job_queue_beside ON job_queue (kind, visible_at_ms) WHERE state = 'live' AND is_in_line = 0;
CREATE INDEX idx_job_queue_published ON job_queue (published, visible_at_ms) WHERE state = 'live';
CREATE INDEX idx_job_queue_finished ON job_queue (state, finished_at) WHERE state <> 'live';

-- Kinds that nobody may claim; '*' stands for all.
CREATE TABLE job_pauses (
    kind TEXT PRIMARY KEY NOT NULL,
    paused_at TEXT NOT NULL
);
