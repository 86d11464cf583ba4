-- Holds by number: one is put in and taken away for each paid call. What they tell of the call is needed only if nobody
-- ends it: user, key_id, app, type, ingress, model, requested, provider and credential, each behind its length in bytes in
-- four hexadecimal digits.
CREATE TABLE numbered_holds (
    place INTEGER PRIMARY KEY,
    call_id TEXT NOT NULL,
    account TEXT NOT NULL,
    amount INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    streamed INTEGER NOT NULL,
    about TEXT NOT NULL
);
INSERT INTO numbered_holds SELECT NULL, call_id, account, amount, owner, started_ms, streamed,
    printf('%04x', length(CAST(user AS BLOB))) || user ||
    printf('%04x', length(CAST(key_id AS BLOB))) || key_id ||
    printf('%04x', length(CAST(app AS BLOB))) || app ||
    printf('%04x', length(CAST(type AS BLOB))) || type ||
    printf('%04x', length(CAST(ingress AS BLOB))) || ingress ||
    printf('%04x', length(CAST(model AS BLOB))) || model ||
    printf('%04x', length(CAST(requested AS BLOB))) || requested ||
    printf('%04x', length(CAST(provider AS BLOB))) || provider ||
    printf('%04x', length(CAST(credential AS BLOB))) || credential
    FROM holds;
DROP TABLE holds;
ALTER TABLE numbered_holds RENAME TO holds;
