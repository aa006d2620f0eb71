-- +goose Up
-- The normalised key of every row that a published duplicate rule compares.
CREATE TABLE duplicatekey (
  ruleid {{.ID}} NOT NULL,
  recordid {{.ID}} NOT NULL,
  hash {{.Text}} NOT NULL,
  PRIMARY KEY (ruleid, recordid)
){{if not .Postgres}} WITHOUT ROWID{{end}};
CREATE INDEX duplicatekey_hash ON duplicatekey (ruleid, hash);

-- Secrets by which programs get their tokens; hashes only.
CREATE TABLE clientsecret (
  secretid {{.ID}} NOT NULL PRIMARY KEY,
  userid {{.ID}} NOT NULL,
  hash {{.Text}} NOT NULL UNIQUE,
  name {{.Text}} NOT NULL,
  createdon {{.Time}} NOT NULL,
  expireson {{.Time}} NOT NULL,
  revokedon {{.Time}}
);
CREATE INDEX clientsecret_user ON clientsecret (userid);
