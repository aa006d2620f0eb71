-- +goose Up
-- Members of the portal: contacts who sign in. Secrets are stored as hashes only.
CREATE TABLE membercredential (
  contactid {{.ID}} NOT NULL PRIMARY KEY,
  passwordhash {{.Text}} NOT NULL,
  changedon {{.Time}} NOT NULL
);
CREATE TABLE membersession (
  hash {{.Text}} NOT NULL PRIMARY KEY,
  contactid {{.ID}} NOT NULL,
  csrf {{.Text}} NOT NULL,
  createdon {{.Time}} NOT NULL,
  seenon {{.Time}} NOT NULL,
  expireson {{.Time}} NOT NULL,
  address {{.Text}} NOT NULL,
  agent {{.Text}} NOT NULL,
  method {{.Text}} NOT NULL
);
CREATE INDEX membersession_by_contact ON membersession (contactid);
CREATE INDEX membersession_by_time ON membersession (expireson);
