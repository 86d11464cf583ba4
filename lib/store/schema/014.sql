-- How far files of records beside the database have come into it (number of the last one, and the place behind it).
CREATE TABLE spools (
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    place INTEGER NOT NULL
) WITHOUT ROWID;
