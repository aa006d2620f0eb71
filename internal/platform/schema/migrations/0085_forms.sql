-- +goose Up
-- How often each form was sent, by day (UTC).
CREATE TABLE formcount (
  form {{.Text}} NOT NULL,
  day {{.Text}} NOT NULL,
  submissions {{.Int}} NOT NULL,
  suspect {{.Int}} NOT NULL,
  lastat {{.Text}} NOT NULL,
  PRIMARY KEY (form, day)
);
