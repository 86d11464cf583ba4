-- What the hub is made of, as JSON documents; a body's version is the catalogue's when it changed.
CREATE TABLE objects (
    tbl TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    version INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (tbl, id)
) WITHOUT ROWID;

CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    catalog_version INTEGER NOT NULL
);
INSERT INTO meta VALUES (1, 0);

-- One row per attempt, in the only tree there is: a further index would cost every call its upkeep. The
-- place is when it was recorded (milliseconds, times 2^20) or one more than the place before, so rows
-- are always added at the end, the newest are found first, and no row before a moment began after it.
CREATE TABLE usage (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    user TEXT NOT NULL,
    key_id TEXT NOT NULL,
    app TEXT NOT NULL,
    type TEXT NOT NULL,
    ingress TEXT NOT NULL,
    model TEXT NOT NULL,
    requested TEXT NOT NULL,
    provider TEXT NOT NULL,
    credential TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT NOT NULL,
    request_id TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    http_status INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    streamed INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_5m_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    credits INTEGER,
    duration_us INTEGER NOT NULL,
    first_byte_us INTEGER NOT NULL
);
