-- +goose Up
-- A slip of the pen is now found by looking up what it can have been, which costs
-- who searches a few milliseconds, and not by ten rows for every word that is
-- written, which cost the index most of its time.
DROP TABLE searchvariant;
-- The common words of a short beginning, of which there may be very many rare ones.
CREATE INDEX searchterm_common ON searchterm (term) WHERE n >= 50;
