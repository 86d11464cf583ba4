-- Budgets, in billionths of a credit: what one of them, for one whom it is about, came to in one period. The
-- counter names both; the period is known by its beginning, 0 for the only one.
CREATE TABLE counters (
    counter TEXT NOT NULL,
    starts_ms INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    held INTEGER NOT NULL,
    PRIMARY KEY (counter, starts_ms)
) WITHOUT ROWID;

-- Which counters a hold is part of.
CREATE TABLE hold_counters (
    call_id TEXT NOT NULL,
    counter TEXT NOT NULL,
    starts_ms INTEGER NOT NULL,
    PRIMARY KEY (call_id, counter)
) WITHOUT ROWID;
