-- What the rows up to one of them say of every task, so that a start reads only those after it: one row.
CREATE TABLE ledger_checkpoint (
    id      BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,    -- of what `history` means
    seq     BIGINT NOT NULL,
    hash    TEXT NOT NULL,      -- of that row
    history TEXT NOT NULL       -- JSON
);
