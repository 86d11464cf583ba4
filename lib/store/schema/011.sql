-- Sums of who called, by days (13), three hours (15) and sixteen days (17). What was added up before is taken from
-- the finer sums as it is; columns that tell nothing here keep apart what will never become one row.
INSERT INTO rollup SELECT 13, lead, slot, user, key_id, app, model, provider, type, status, sums
    FROM rollup WHERE cut = 5;
INSERT INTO rollup SELECT 15, 0, slot - slot % 12, user, key_id, app, model * 16 + slot % 12, provider, type,
    status, sums FROM rollup WHERE cut = 10;
INSERT INTO rollup SELECT 17, lead, slot - slot % 1536, user, key_id, slot, model, provider, type, status, sums
    FROM rollup WHERE cut = 5;
