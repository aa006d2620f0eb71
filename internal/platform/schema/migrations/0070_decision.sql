-- +goose Up
-- The secrets of services that are asked for inputs of decisions, sealed.
CREATE TABLE decisionsecret (
  serviceid {{.ID}} NOT NULL PRIMARY KEY,
  sealed {{.Text}} NOT NULL
);
