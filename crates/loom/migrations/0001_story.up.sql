-- Users and their tokens. A token's secret half is kept as an Argon2 hash only.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    disabled BIGINT NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL
);

CREATE TABLE user_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    label TEXT NOT NULL,
    revoked BIGINT NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL
);
CREATE INDEX idx_user_tokens_user ON user_tokens(user_id);

-- Every canon version that a turn was played under, whole, so that any turn can be explained later.
CREATE TABLE canon_versions (
    canon TEXT NOT NULL,
    hash TEXT NOT NULL,
    version TEXT NOT NULL,
    commit_id TEXT,
    files TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    PRIMARY KEY (canon, hash)
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    canon TEXT NOT NULL,
    settings TEXT NOT NULL,
    active_branch TEXT NOT NULL,
    archived BIGINT NOT NULL DEFAULT 0,
    turn_count BIGINT NOT NULL DEFAULT 0,
    cost_microusd BIGINT NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    last_activity TEXT NOT NULL
);
CREATE INDEX idx_sessions_user ON sessions(user_id, last_activity, id);
CREATE INDEX idx_sessions_activity ON sessions(last_activity, id);

-- Turns form a tree and are only ever added. `number` is the depth, from 1.
CREATE TABLE turns (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    parent_id TEXT,
    number BIGINT NOT NULL,
    turn_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    input TEXT NOT NULL,
    story TEXT NOT NULL,
    reply TEXT NOT NULL,
    notes TEXT NOT NULL,
    degraded_code TEXT,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    canon_hash TEXT NOT NULL,
    state_id TEXT,
    outline TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    usage_exact BIGINT NOT NULL,
    cost_microusd BIGINT NOT NULL,
    latency_ms BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (session_id, turn_key)
);
CREATE INDEX idx_turns_parent ON turns(session_id, parent_id);
CREATE INDEX idx_turns_number ON turns(session_id, number);

-- A branch is a named head; rolling back moves the head.
CREATE TABLE branches (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    head_turn_id TEXT,
    head_number BIGINT NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (session_id, name)
);

-- What a head remembers: a chain of changes, each tied to the turn that made it, with a whole copy now and then
-- so that no reader walks far.
CREATE TABLE states (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    turn_id TEXT NOT NULL,
    parent_id TEXT,
    distance BIGINT NOT NULL,
    changes TEXT NOT NULL,
    snapshot TEXT
);
CREATE INDEX idx_states_session ON states(session_id);

CREATE TABLE interventions (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    turn_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX idx_interventions_session ON interventions(session_id, id);

-- Which turns mention which remembered fact; RETCON reads it to say whom a change reaches.
CREATE TABLE citations (
    session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE,
    fact_id TEXT NOT NULL,
    turn_id TEXT NOT NULL,
    PRIMARY KEY (session_id, fact_id, turn_id)
);
