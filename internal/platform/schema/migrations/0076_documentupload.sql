-- +goose Up
-- Resumable uploads of documents that have not come to their end. What has come
-- lies in the store of files under the same id.
CREATE TABLE documentupload (
  uploadid {{.ID}} NOT NULL PRIMARY KEY,
  requestid {{.ID}} NOT NULL,
  contactid {{.ID}} NOT NULL,
  filename {{.Text}} NOT NULL,
  size {{.Int}} NOT NULL,
  createdon {{.Time}} NOT NULL
);
CREATE INDEX documentupload_by_contact ON documentupload (contactid);
CREATE INDEX documentupload_by_time ON documentupload (createdon);
