-- +goose Up
-- The change log: one row per written record, in the transaction that wrote it.
-- It is audit, outbox and delta feed in one.
CREATE TABLE changelog (
  pos {{.Serial}},
  {{if .Postgres}}tid xid8 NOT NULL DEFAULT pg_current_xact_id(),{{end}}
  at {{.Time}} NOT NULL,
  tablename {{.Text}} NOT NULL,
  recordid {{.ID}} NOT NULL,
  version {{.Int}} NOT NULL,
  op {{.Int}} NOT NULL,
  actorid {{.ID}} NOT NULL,
  onbehalfof {{.ID}},
  origin {{.Text}} NOT NULL,
  before {{.Text}},
  after {{.Text}}
);
CREATE INDEX changelog_record ON changelog (recordid, pos);
{{if .Postgres}}
CREATE INDEX changelog_tid ON changelog (tid);
-- Change rows get their number after the commit, below the oldest running transaction.
CREATE TABLE changeorder (seq bigint PRIMARY KEY, pos bigint NOT NULL UNIQUE);
CREATE TABLE changehorizon (one integer PRIMARY KEY CHECK (one = 1), below xid8 NOT NULL);
INSERT INTO changehorizon VALUES (1, '0');
{{end}}

-- What consumers have done (inbox), how far they are (position), and what they gave up on.
CREATE TABLE inbox (
  consumer {{.Text}} NOT NULL,
  source {{.Text}} NOT NULL,
  eventid {{.Text}} NOT NULL,
  at {{.Time}} NOT NULL,
  PRIMARY KEY (consumer, source, eventid)
){{if not .Postgres}} WITHOUT ROWID{{end}};
CREATE INDEX inbox_by_time ON inbox (at);
CREATE TABLE consumerposition (
  consumer {{.Text}} NOT NULL PRIMARY KEY,
  log {{.Text}} NOT NULL,
  seq {{.Int}} NOT NULL,
  at {{.Time}} NOT NULL
);

-- Which columns and indexes of record tables are laid, and in which epoch.
CREATE TABLE schemaobject (
  tablename {{.Text}} NOT NULL,
  objectname {{.Text}} NOT NULL,
  definition {{.Text}} NOT NULL,
  epoch {{.Int}} NOT NULL,
  PRIMARY KEY (tablename, objectname)
);

-- The full image of deleted rows, for 30 days.
CREATE TABLE recyclebin (
  tablename {{.Text}} NOT NULL,
  recordid {{.ID}} NOT NULL,
  image {{.Text}} NOT NULL,
  deletedon {{.Time}} NOT NULL,
  deletedby {{.ID}} NOT NULL,
  PRIMARY KEY (tablename, recordid)
);

-- Settings of the installation: secrets made at first start, markers of what is seeded.
CREATE TABLE setting (name {{.Text}} NOT NULL PRIMARY KEY, value {{.Text}} NOT NULL);
