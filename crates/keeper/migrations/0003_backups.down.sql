DROP TABLE backup_tries;
DROP TABLE backups;
