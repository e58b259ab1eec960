-- What is known of a player over matches; the last migration of its release, so that `downgrade -1` takes it back.
CREATE TABLE user_profiles (
    discord_user_id TEXT PRIMARY KEY,
    puuid TEXT NOT NULL,
    profile_data TEXT NOT NULL,
    last_updated TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX idx_user_profiles_puuid ON user_profiles(puuid);
CREATE INDEX idx_user_profiles_last_updated ON user_profiles(last_updated DESC);
