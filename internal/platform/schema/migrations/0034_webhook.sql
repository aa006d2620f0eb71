-- +goose Up
-- What web hooks have still to be told, in order for each record (lane).
CREATE TABLE webhookdelivery (
  number {{.Serial}},
  endpointid {{.ID}} NOT NULL,
  lane {{.Text}} NOT NULL,
  headers {{.Text}} NOT NULL,
  payload {{.Text}} NOT NULL,
  attempts {{.Int}} NOT NULL,
  createdon {{.Time}} NOT NULL
);
CREATE INDEX webhookdelivery_lane ON webhookdelivery (lane, number);
-- The signing secrets of web hooks, sealed.
CREATE TABLE webhooksecret (
  endpointid {{.ID}} NOT NULL PRIMARY KEY,
  sealed {{.Text}} NOT NULL
);
