-- +goose Up
CREATE INDEX filecontent_record ON filecontent (recordid);
-- What an export or an erasure needs to go on after a restart: by what the person
-- is known, and which rows are the person's. The row goes when the work is done.
CREATE TABLE personwork (
  requestid {{.ID}} NOT NULL PRIMARY KEY,
  state {{.Text}} NOT NULL
);
