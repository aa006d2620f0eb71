-- +goose Up
-- By which way a change came in and from where; the salt of its digest. The
-- digest stands here only once an erasure has taken the values away.
ALTER TABLE changelog ADD COLUMN channel {{.Text}};
ALTER TABLE changelog ADD COLUMN address {{.Text}};
ALTER TABLE changelog ADD COLUMN salt {{.ID}};
ALTER TABLE changelog ADD COLUMN digest {{.Text}};
ALTER TABLE changelog ADD COLUMN erasure {{.ID}};
UPDATE changelog SET salt = {{if .Postgres}}gen_random_uuid(){{else}}randomblob(16){{end}};

-- The hash chain: seals of rows (kind 1), and of what retention has cut (kind 2).
CREATE TABLE changeseal (
  number {{.Int}} NOT NULL PRIMARY KEY,
  kind {{.Int}} NOT NULL,
  firstseq {{.Int}} NOT NULL,
  lastseq {{.Int}} NOT NULL,
  count {{.Int}} NOT NULL,
  entries {{if .Postgres}}bytea{{else}}BLOB{{end}},
  entriesdigest {{.Text}} NOT NULL,
  tablename {{.Text}} NOT NULL,
  cutbefore {{.Time}},
  previous {{.Text}} NOT NULL,
  hash {{.Text}} NOT NULL,
  at {{.Time}} NOT NULL,
  keyid {{.Text}} NOT NULL,
  signature {{.Text}} NOT NULL
);
CREATE INDEX changeseal_range ON changeseal (kind, lastseq);
-- How far the change rows of a table have been looked through for cutting.
CREATE TABLE changecut (
  tablename {{.Text}} NOT NULL PRIMARY KEY,
  seq {{.Int}} NOT NULL
);
