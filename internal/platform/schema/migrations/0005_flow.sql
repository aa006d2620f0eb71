-- +goose Up
-- The text of definitions that runs began with and that may have changed since.
CREATE TABLE flowdefinition (
  hash {{.Text}} NOT NULL PRIMARY KEY,
  name {{.Text}} NOT NULL,
  version {{.Int}} NOT NULL,
  definition {{.Text}} NOT NULL
);
-- Where failed runs stand, so that they can be resumed.
CREATE TABLE flowstate (
  runid {{.ID}} NOT NULL PRIMARY KEY,
  state {{.Text}} NOT NULL
);
