-- +goose Up
-- What the store of files holds. recordid is empty until a row has taken the
-- content up; complete is false while an upload in chunks goes on.
CREATE TABLE filecontent (
  fileid {{.ID}} NOT NULL PRIMARY KEY,
  tablename {{.Text}} NOT NULL,
  recordid {{.ID}},
  columnname {{.Text}} NOT NULL,
  filename {{.Text}} NOT NULL,
  mimetype {{.Text}} NOT NULL,
  size {{.Int}} NOT NULL,
  sha256 {{.Text}} NOT NULL,
  complete {{.Bool}} NOT NULL,
  createdon {{.Time}} NOT NULL,
  createdby {{.ID}} NOT NULL
);
