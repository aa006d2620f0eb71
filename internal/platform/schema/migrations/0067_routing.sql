-- +goose Up
-- When each member of a pool was last dealt to: the smallest turn is next.
CREATE TABLE routingturn (
  pool {{.ID}} NOT NULL,
  member {{.ID}} NOT NULL,
  turn {{.Int}} NOT NULL,
  PRIMARY KEY (pool, member)
);
