DROP TRIGGER IF EXISTS users_delete_children;
DROP TRIGGER IF EXISTS sessions_delete_children;
