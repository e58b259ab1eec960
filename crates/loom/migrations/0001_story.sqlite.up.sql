-- The plain sqlite3 client has foreign keys off. Triggers fire all the same, so that an operator's
-- `DELETE FROM sessions` leaves nothing behind.
CREATE TRIGGER sessions_delete_children AFTER DELETE ON sessions BEGIN
    DELETE FROM turns WHERE session_id = OLD.id;
    DELETE FROM branches WHERE session_id = OLD.id;
    DELETE FROM states WHERE session_id = OLD.id;
    DELETE FROM interventions WHERE session_id = OLD.id;
    DELETE FROM citations WHERE session_id = OLD.id;
END;
CREATE TRIGGER users_delete_children AFTER DELETE ON users BEGIN
    DELETE FROM user_tokens WHERE user_id = OLD.id;
END;
