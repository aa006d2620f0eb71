-- +goose Up
-- Which rows a read has shown: their ids one after another, 16 bytes each. What
-- was read, by whom and when stands in the record of the same id.
CREATE TABLE readlogrows (
  readlogid {{.ID}} NOT NULL PRIMARY KEY,
  tablename {{.Text}} NOT NULL,
  at {{.Time}} NOT NULL,
  ids {{if .Postgres}}bytea{{else}}BLOB{{end}} NOT NULL
);
CREATE INDEX readlogrows_table ON readlogrows (tablename, at);
