-- Sums by everything (21) and of who called (23) by sixteen days, by model and provider by three hours (25). They are
-- whole from the first sixteen days that begin behind all that was added up before.
UPDATE rollup_state
    SET long_from = coalesce((SELECT max(slot) - max(slot) % 1536 + 1536 FROM rollup WHERE cut = 1), 0);
