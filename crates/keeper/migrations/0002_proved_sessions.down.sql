DROP TABLE proved_sessions;
