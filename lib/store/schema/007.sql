-- Answers that may be given again. What they say is sealed; the key is a hash of who asked for what.
CREATE TABLE answers (
    key BLOB PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sealed BLOB NOT NULL
);
CREATE INDEX answers_by_age ON answers (at_ms, size);
CREATE INDEX answers_by_end ON answers (until_ms);
