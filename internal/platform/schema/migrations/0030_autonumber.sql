-- +goose Up
-- The last running number of each column with automatic numbers, on SQLite; on
-- PostgreSQL a sequence keeps it.
CREATE TABLE autonumber (
  tablename {{.Text}} NOT NULL,
  columnname {{.Text}} NOT NULL,
  value {{.Int}} NOT NULL,
  PRIMARY KEY (tablename, columnname)
);
