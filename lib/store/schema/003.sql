-- Money, in billionths of a credit. An account's balance is what its grants still hold, or, below zero,
-- what it owes: balance = granted - spent - expired - revoked. `held` is what calls under way may come to
-- cost; `archived` is the part of `spent` whose rows stand in `usage` no more.
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    balance INTEGER NOT NULL,
    held INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    next_expiry_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX accounts_due ON accounts (next_expiry_ms) WHERE next_expiry_ms < 9223372036854775807;

-- Used in the order of priority, expiry and age. `lapsed` expired; of a revoked one nothing remains.
CREATE TABLE grants (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    source TEXT NOT NULL,
    note TEXT NOT NULL,
    amount INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    lapsed INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    granted_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL
);
CREATE INDEX grants_in_order ON grants (account, priority, expires_ms, place) WHERE remaining > 0;
CREATE INDEX grants_of_account ON grants (account);

-- What is set aside for a call under way, with what is recorded when nobody ever settles it.
CREATE TABLE holds (
    call_id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    amount INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    streamed INTEGER NOT NULL,
    user TEXT NOT NULL,
    key_id TEXT NOT NULL,
    app TEXT NOT NULL,
    type TEXT NOT NULL,
    ingress TEXT NOT NULL,
    model TEXT NOT NULL,
    requested TEXT NOT NULL,
    provider TEXT NOT NULL,
    credential TEXT NOT NULL
) WITHOUT ROWID;

-- What changed a balance besides calls, which usage rows tell of.
CREATE TABLE transactions (
    place INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    grant_id TEXT NOT NULL,
    note TEXT NOT NULL,
    at_ms INTEGER NOT NULL
);
CREATE INDEX transactions_of_account ON transactions (account);

-- Whose balance the row's credits were taken from; '' when nobody's.
ALTER TABLE usage ADD COLUMN account TEXT NOT NULL DEFAULT '';
