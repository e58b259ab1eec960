DROP TABLE llm_ledger;
