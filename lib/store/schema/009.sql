-- What the call cost the operator, in billionths of a dollar; NULL: not known.
ALTER TABLE usage ADD COLUMN cost INTEGER;
