-- +goose Up
-- In which epoch each customised table got its present shape; '' is the newest of all.
CREATE TABLE schemaepoch (tablename {{.Text}} NOT NULL PRIMARY KEY, epoch {{.Int}} NOT NULL);
INSERT INTO schemaepoch VALUES ('', 0);
