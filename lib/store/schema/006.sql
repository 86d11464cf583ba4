-- What rates were, each change with its reason; empty: there was or is none. Of those with since_ms up to a
-- moment, the last one holds for it.
CREATE TABLE rate_history (
    place INTEGER PRIMARY KEY,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    type TEXT NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    note TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    since_ms INTEGER NOT NULL
);
CREATE INDEX rate_history_of_model ON rate_history (model, provider);

-- What past calls cost more, or less, than their usage rows say: a part of `spent`.
CREATE TABLE adjustments (
    row_id TEXT NOT NULL,
    run TEXT NOT NULL,
    call_id TEXT NOT NULL,
    account TEXT NOT NULL,
    credits INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (row_id, run)
) WITHOUT ROWID;
