-- What few calls have: members of the request that the provider could not be told, and counts beyond a
-- chat's tokens as a JSON object ({"images":1}).
ALTER TABLE usage ADD COLUMN dropped TEXT NOT NULL DEFAULT '';
ALTER TABLE usage ADD COLUMN units TEXT;
