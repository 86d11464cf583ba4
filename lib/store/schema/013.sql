-- Sums by everything, of four days each (19). They are whole from the first stretch that begins behind all that was
-- added up before.
ALTER TABLE rollup_state ADD COLUMN long_from INTEGER NOT NULL DEFAULT 0;
UPDATE rollup_state
    SET long_from = coalesce((SELECT max(slot) - max(slot) % 384 + 384 FROM rollup WHERE cut = 1), 0);
