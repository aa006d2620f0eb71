-- +goose Up
-- The secrets of counterparts with which cases are exchanged, sealed; kind is token or signing.
CREATE TABLE exchangesecret (
  counterpartid {{.ID}} NOT NULL,
  kind {{.Text}} NOT NULL,
  sealed {{.Text}} NOT NULL,
  PRIMARY KEY (counterpartid, kind)
);
-- How far each counterpart has been asked for its changes, and what went wrong when it was last asked.
CREATE TABLE exchangecursor (
  counterpartid {{.ID}} NOT NULL PRIMARY KEY,
  cursor {{.Text}} NOT NULL,
  askedon {{.Time}} NOT NULL,
  failure {{.Text}} NOT NULL
);
