DROP TABLE ledger_checkpoint;
