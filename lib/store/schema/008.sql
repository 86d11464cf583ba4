-- The quarters whose oldest rows were moved into databases of their own beside this one: how many, and the
-- first and last place. What an archive has beyond `last` was copied but not moved yet.
CREATE TABLE archives (
    quarter TEXT PRIMARY KEY,
    rows INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
) WITHOUT ROWID;
