DROP INDEX idx_user_profiles_last_updated;
DROP INDEX idx_user_profiles_puuid;
DROP TABLE user_profiles;
