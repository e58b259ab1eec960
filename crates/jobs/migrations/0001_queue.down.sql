DROP TABLE job_pauses;
DROP TABLE job_queue;
