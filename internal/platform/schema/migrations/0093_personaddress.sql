-- +goose Up
-- Which record holds, or once held, which e-mail address in any of its texts,
-- whose person's number and which visitor's id, so that a person is found without
-- looking through all texts. See package privacy, addresses.go.
CREATE TABLE personaddress (
  address TEXT{{if .Postgres}} COLLATE "C"{{end}} NOT NULL,
  tablename {{.Text}} NOT NULL,
  recordid {{.ID}} NOT NULL,
  PRIMARY KEY (address, tablename, recordid)
){{if not .Postgres}} WITHOUT ROWID{{end}};
-- A change log that was cut before does not tell of all records: then texts are
-- looked through as ever.
CREATE TABLE personaddresslack (tablename {{.Text}} NOT NULL PRIMARY KEY);
INSERT INTO personaddresslack (tablename) SELECT tablename FROM changecut;
