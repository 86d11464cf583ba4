-- Whom the call asked and passed over, as JSON, in the row of its last attempt; NULL: nobody wanted to know, and
-- nothing failed.
ALTER TABLE usage ADD COLUMN explained TEXT;
