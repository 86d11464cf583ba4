-- What is known of payments, in whichever order it was told. `credits` were bought, of what was `paid` so much was
-- `refunded`, in the currency's smallest unit; `given` is what its latest one of so many grants is worth.
CREATE TABLE payments (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    credits INTEGER NOT NULL,
    paid INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    bought INTEGER NOT NULL,
    given INTEGER NOT NULL,
    grants INTEGER NOT NULL
) WITHOUT ROWID;
-- 1: open, 2: lost, 3: won, which is the last word.
CREATE TABLE disputes (
    payment TEXT NOT NULL,
    id TEXT NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (payment, id)
) WITHOUT ROWID;
