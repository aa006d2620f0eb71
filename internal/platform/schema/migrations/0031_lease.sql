-- +goose Up
-- Who does what only one node at a time should do, and until when.
CREATE TABLE lease (
  name {{.Text}} NOT NULL PRIMARY KEY,
  holder {{.ID}} NOT NULL,
  until {{.Time}} NOT NULL
);
