-- Riot accounts by the Discord user they belong to. A Riot account has one owner, an owner one primary account.
CREATE TABLE accounts (
    puuid TEXT PRIMARY KEY,
    discord_user_id TEXT NOT NULL,
    game_name TEXT NOT NULL,
    tag_line TEXT NOT NULL,
    platform TEXT NOT NULL,
    nickname TEXT,
    main_roles TEXT NOT NULL,
    is_primary BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL
);
CREATE INDEX idx_accounts_user ON accounts(discord_user_id);
CREATE UNIQUE INDEX idx_accounts_primary ON accounts(discord_user_id) WHERE is_primary = 1;

CREATE TABLE user_settings (
    discord_user_id TEXT PRIMARY KEY,
    language TEXT,
    role TEXT,
    tone TEXT NOT NULL,
    detail TEXT NOT NULL,
    timeline BIGINT NOT NULL,
    allow_historical_analysis BIGINT NOT NULL,
    updated_at TEXT NOT NULL
);

-- Finished matches never change: what Riot sent is kept as it came, compressed, and never fetched again.
CREATE TABLE matches (
    match_id TEXT PRIMARY KEY,
    platform TEXT NOT NULL,
    queue_id BIGINT NOT NULL,
    game_mode TEXT NOT NULL,
    game_version TEXT NOT NULL,
    started_at TEXT NOT NULL,
    duration_ms BIGINT NOT NULL,
    match_json BYTEA NOT NULL,
    timeline_json BYTEA,
    fetched_at TEXT NOT NULL
);
CREATE INDEX idx_matches_started_at ON matches(started_at);

CREATE TABLE match_participants (
    match_id TEXT NOT NULL REFERENCES matches(match_id) ON DELETE CASCADE,
    participant_id BIGINT NOT NULL,
    puuid TEXT NOT NULL,
    champion_id BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    win BIGINT NOT NULL,
    kills BIGINT NOT NULL,
    deaths BIGINT NOT NULL,
    assists BIGINT NOT NULL,
    PRIMARY KEY (match_id, participant_id)
);
CREATE INDEX idx_match_participants_puuid ON match_participants(puuid);

-- One row for each match, player and kind of review: queued, running, then done or failed.
CREATE TABLE analyses (
    match_id TEXT NOT NULL,
    puuid TEXT NOT NULL,
    kind TEXT NOT NULL,
    discord_user_id TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    score_json TEXT,
    version TEXT,
    language TEXT,
    style TEXT,
    narrative TEXT,
    narrative_source TEXT,
    degraded_reason TEXT,
    error TEXT,
    stage_ms TEXT,
    queued_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    PRIMARY KEY (match_id, puuid, kind)
);
CREATE INDEX idx_analyses_puuid ON analyses(puuid, queued_at);
CREATE INDEX idx_analyses_user ON analyses(discord_user_id, queued_at);
CREATE INDEX idx_analyses_status ON analyses(status, queued_at);

-- One row for each message that has to reach a player, so that none is sent twice or forgotten.
CREATE TABLE deliveries (
    interaction_id TEXT PRIMARY KEY,
    match_id TEXT,
    puuid TEXT,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    claimed_by TEXT,
    claimed_until TEXT,
    delivered_by TEXT,
    error TEXT,
    created_at TEXT NOT NULL,
    finished_at TEXT
);
CREATE INDEX idx_deliveries_status ON deliveries(status, created_at);

-- A vote (up or down) and a star each count once for a user and a match.
CREATE TABLE feedback (
    discord_user_id TEXT NOT NULL,
    match_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    variant TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (discord_user_id, match_id, kind)
);
CREATE INDEX idx_feedback_match ON feedback(match_id);

-- Which variant a review was written with and what that cost; one row for each review.
CREATE TABLE experiments (
    match_id TEXT NOT NULL,
    puuid TEXT NOT NULL,
    kind TEXT NOT NULL,
    discord_user_id TEXT NOT NULL,
    cohort TEXT NOT NULL,
    variant TEXT NOT NULL,
    seed TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cost_microusd BIGINT NOT NULL,
    model_ms BIGINT NOT NULL,
    total_ms BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (match_id, puuid, kind)
);
CREATE INDEX idx_experiments_user ON experiments(discord_user_id);
CREATE INDEX idx_experiments_seed ON experiments(seed, cohort);

-- What an operator switched off for all replicas at once; a switch without a row is on.
CREATE TABLE switches (
    name TEXT PRIMARY KEY,
    switched_off_at TEXT NOT NULL
);
