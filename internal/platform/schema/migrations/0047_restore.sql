-- +goose Up
-- What was deleted together comes back together: the rows of one deletion, the
-- one that it was about (root), and the lookups that it emptied.
ALTER TABLE recyclebin ADD COLUMN deletion {{.ID}};
ALTER TABLE recyclebin ADD COLUMN root {{.Bool}} NOT NULL DEFAULT {{if .Postgres}}true{{else}}1{{end}};
CREATE INDEX recyclebin_deletion ON recyclebin (deletion);
CREATE INDEX recyclebin_time ON recyclebin (deletedon);
CREATE TABLE recyclelink (
  deletion {{.ID}} NOT NULL,
  tablename {{.Text}} NOT NULL,
  recordid {{.ID}} NOT NULL,
  columnname {{.Text}} NOT NULL,
  targettable {{.Text}} NOT NULL,
  targetid {{.ID}} NOT NULL,
  deletedon {{.Time}} NOT NULL,
  PRIMARY KEY (deletion, tablename, recordid, columnname)
);
CREATE INDEX recyclelink_time ON recyclelink (deletedon);
