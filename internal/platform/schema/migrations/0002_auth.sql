-- +goose Up
-- Sign-in. Secrets are stored as hashes only.
CREATE TABLE credential (
  userid {{.ID}} NOT NULL PRIMARY KEY,
  username {{.Text}} NOT NULL UNIQUE,
  passwordhash {{.Text}} NOT NULL,
  changedon {{.Time}} NOT NULL
);
CREATE TABLE session (
  hash {{.Text}} NOT NULL PRIMARY KEY,
  userid {{.ID}} NOT NULL,
  csrf {{.Text}} NOT NULL,
  createdon {{.Time}} NOT NULL,
  seenon {{.Time}} NOT NULL,
  expireson {{.Time}} NOT NULL
);
CREATE INDEX session_by_user ON session (userid);
CREATE TABLE token (
  hash {{.Text}} NOT NULL PRIMARY KEY,
  tokenid {{.ID}} NOT NULL,
  userid {{.ID}} NOT NULL,
  name {{.Text}} NOT NULL,
  createdon {{.Time}} NOT NULL,
  expireson {{.Time}},
  revokedon {{.Time}}
);
CREATE TABLE topickey (
  hash {{.Text}} NOT NULL PRIMARY KEY,
  keyid {{.ID}} NOT NULL,
  topic {{.Text}} NOT NULL,
  name {{.Text}} NOT NULL,
  createdon {{.Time}} NOT NULL,
  revokedon {{.Time}}
);
CREATE TABLE signin (
  id {{.Serial}},
  at {{.Time}} NOT NULL,
  username {{.Text}} NOT NULL,
  userid {{.ID}},
  address {{.Text}} NOT NULL,
  outcome {{.Text}} NOT NULL
);
CREATE INDEX signin_by_time ON signin (at);
