-- +goose Up
-- Whose turn it is: a counter for each team that work is dealt out to.
CREATE TABLE roundrobin (name {{.Text}} NOT NULL PRIMARY KEY, turn {{.Int}} NOT NULL);
