-- +goose Up
-- Whom a record belongs to and with whom it is shared, as tokens beside its
-- words, so that a search looks at rights before it ranks. Documents from before
-- have none until the index is made anew.
ALTER TABLE searchdoc ADD COLUMN reach {{.Text}} NOT NULL DEFAULT '';
CREATE INDEX searchdoc_unreached ON searchdoc (docid) WHERE reach = '';
