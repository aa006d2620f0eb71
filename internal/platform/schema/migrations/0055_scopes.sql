-- +goose Up
-- Keys with scopes: what a program may do at most, and when it was last here.
ALTER TABLE clientsecret ADD COLUMN scopes {{.Text}};
ALTER TABLE token ADD COLUMN usedon {{.Time}};
CREATE INDEX token_by_user ON token (userid);
