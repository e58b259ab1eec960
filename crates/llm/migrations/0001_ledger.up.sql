-- One row for every model call that may have cost something, and for every reply taken from the cache.
-- No foreign keys: what was spent stays spent when a session or a user is deleted.
CREATE TABLE llm_ledger (
    id TEXT PRIMARY KEY NOT NULL,
    created_at TEXT NOT NULL,
    month TEXT NOT NULL,
    user_id TEXT,
    session_id TEXT,
    turn_id TEXT,
    purpose TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    outcome TEXT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    cached_input_tokens BIGINT NOT NULL,
    exact BIGINT NOT NULL,
    cost_microusd BIGINT NOT NULL,
    price_version TEXT NOT NULL,
    latency_ms BIGINT NOT NULL
);
-- The sums that budgets read are answered from these indexes alone.
CREATE INDEX idx_llm_ledger_month ON llm_ledger (month, user_id, cost_microusd);
CREATE INDEX idx_llm_ledger_session ON llm_ledger (session_id, cost_microusd);
CREATE INDEX idx_llm_ledger_turn ON llm_ledger (turn_id);
