-- +goose Up
-- Second factors, passkeys, single sign-on, and links that work once.
CREATE TABLE factor (
  factorid {{.ID}} NOT NULL PRIMARY KEY,
  userid {{.ID}} NOT NULL,
  kind {{.Text}} NOT NULL,
  name {{.Text}} NOT NULL,
  handle {{.Text}} NOT NULL UNIQUE,
  secret {{.Text}} NOT NULL,
  confirmed {{.Int}} NOT NULL,
  laststep {{.Int}} NOT NULL,
  createdon {{.Time}} NOT NULL,
  usedon {{.Time}}
);
CREATE INDEX factor_by_user ON factor (userid);
CREATE TABLE challenge (
  hash {{.Text}} NOT NULL PRIMARY KEY,
  kind {{.Text}} NOT NULL,
  userid {{.ID}},
  detail {{.Text}} NOT NULL,
  attempts {{.Int}} NOT NULL,
  expireson {{.Time}} NOT NULL
);
CREATE INDEX challenge_by_time ON challenge (expireson);
CREATE TABLE identitylink (
  issuer {{.Text}} NOT NULL,
  subject {{.Text}} NOT NULL,
  userid {{.ID}} NOT NULL,
  createdon {{.Time}} NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX identitylink_by_user ON identitylink (userid);
ALTER TABLE session ADD COLUMN sessionid {{.ID}};
ALTER TABLE session ADD COLUMN address {{.Text}};
ALTER TABLE session ADD COLUMN agent {{.Text}};
ALTER TABLE session ADD COLUMN method {{.Text}};
ALTER TABLE token ADD COLUMN scopes {{.Text}};
CREATE TABLE identityprovider (
  providerid {{.ID}} NOT NULL PRIMARY KEY,
  name {{.Text}} NOT NULL,
  issuer {{.Text}} NOT NULL,
  clientid {{.Text}} NOT NULL,
  secret {{.Text}} NOT NULL,
  scopes {{.Text}} NOT NULL,
  match {{.Text}} NOT NULL,
  createdon {{.Time}} NOT NULL
);
