DROP TABLE watched;
DROP TABLE holder;
DROP INDEX requests_open;
DROP TABLE requests;
DROP INDEX runs_by_task;
DROP TABLE runs;
DROP TABLE ledger;
