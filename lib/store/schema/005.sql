-- What usage rows come to, by quarter hours and by days (UTC), for the reports: a row for each combination of
-- the names that its cut keeps apart (0: all of them together). `lead` is the name that rows are found by,
-- `slot` the quarter hours since 1970. Rows of `usage` up to `place` are in it, exactly once.
CREATE TABLE rollup (
    cut INTEGER NOT NULL,
    lead INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    user INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    app INTEGER NOT NULL,
    model INTEGER NOT NULL,
    provider INTEGER NOT NULL,
    type INTEGER NOT NULL,
    status INTEGER NOT NULL,
    sums BLOB NOT NULL,
    PRIMARY KEY (cut, lead, slot, user, key_id, app, model, provider, type, status)
) WITHOUT ROWID;
CREATE TABLE rollup_names (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE rollup_keys (
    user INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    PRIMARY KEY (user, key_id)
) WITHOUT ROWID;
CREATE TABLE rollup_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    place INTEGER NOT NULL
);
INSERT INTO rollup_state VALUES (1, 0);
