-- +goose Up
CREATE INDEX filecontent_record ON filecontent (recordid);
-- What an erasure needs to go on after a restart: by what the person is known,
-- and which rows are the person's. The row goes with the erasure's end.
CREATE TABLE erasure (
  requestid {{.ID}} NOT NULL PRIMARY KEY,
  state {{.Text}} NOT NULL
);
