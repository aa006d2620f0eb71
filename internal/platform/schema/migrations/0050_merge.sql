-- +goose Up
-- What a merge moved and overwrote, step by step, so that it can be undone.
CREATE TABLE mergestep (
  mergeid {{.ID}} NOT NULL,
  seq {{.Int}} NOT NULL,
  kind {{.Text}} NOT NULL,
  tablename {{.Text}} NOT NULL,
  recordid {{.ID}} NOT NULL,
  columnname {{.Text}} NOT NULL,
  was {{.Text}},
  became {{.Text}},
  PRIMARY KEY (mergeid, seq)
){{if not .Postgres}} WITHOUT ROWID{{end}};
CREATE INDEX mergestep_record ON mergestep (recordid);

-- The scan for duplicates goes through the keys of a rule in their order.
CREATE INDEX duplicatekey_order ON duplicatekey (ruleid, hash, recordid);
DROP INDEX duplicatekey_hash;
