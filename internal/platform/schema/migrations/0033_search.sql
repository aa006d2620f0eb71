-- +goose Up
-- The text of records that can be searched: plain tokens, folded by the program,
-- so that both databases find the same.
CREATE TABLE searchdoc (
  docid {{.Serial}},
  tablename {{.Text}} NOT NULL,
  recordid {{.ID}} NOT NULL,
  version {{.Int}} NOT NULL,
  title {{.Text}} NOT NULL,
  tokens {{.Text}} NOT NULL
  {{if .Postgres}}, lexemes tsvector NOT NULL{{end}}
);
CREATE UNIQUE INDEX searchdoc_record ON searchdoc (recordid, tablename);
{{if .Postgres}}
CREATE INDEX searchdoc_lexemes ON searchdoc USING gin (lexemes);
{{else}}
CREATE VIRTUAL TABLE searchindex USING fts5(tokens, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 0');
{{end}}
-- Every token with the number of records that have it, for completion and rank.
CREATE TABLE searchterm (
  term {{.Text}} NOT NULL PRIMARY KEY,
  n {{.Int}} NOT NULL
){{if not .Postgres}} WITHOUT ROWID{{end}};
-- What a token becomes with one letter left out, to find it under a slip of the pen.
CREATE TABLE searchvariant (
  variant {{.Text}} NOT NULL,
  term {{.Text}} NOT NULL,
  PRIMARY KEY (variant, term)
){{if not .Postgres}} WITHOUT ROWID{{end}};
