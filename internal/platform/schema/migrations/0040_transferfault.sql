-- +goose Up
-- Rows that an import, a bulk change or an undo could not deal with, and why.
-- operationid is the import or bulk change, fileid the file of an import.
CREATE TABLE transferfault (
  number {{.Serial}},
  operationid {{.ID}} NOT NULL,
  fileid {{.ID}} NOT NULL,
  phase {{.Int}} NOT NULL,
  line {{.Int}} NOT NULL,
  recordid {{.ID}} NOT NULL,
  code {{.Text}} NOT NULL,
  reason {{.Text}} NOT NULL,
  data {{.Text}} NOT NULL
);
CREATE INDEX transferfault_operation ON transferfault (operationid, number);
