-- +goose Up
-- Work that is due now or later. A lease is a due time in the future together
-- with a new lease number; whoever finishes the job must still hold that number.
CREATE TABLE job (
  jobid {{.ID}} NOT NULL PRIMARY KEY,
  kind {{.Text}} NOT NULL,
  jobkey {{.Text}},
  due {{.Time}} NOT NULL,
  payload {{.Text}} NOT NULL,
  leaseno {{.Int}} NOT NULL,
  failures {{.Int}} NOT NULL,
  misses {{.Int}} NOT NULL,
  lost {{.Int}} NOT NULL,
  reason {{.Text}},
  createdon {{.Time}} NOT NULL,
  deadon {{.Time}}
);
CREATE INDEX job_due ON job (due) WHERE deadon IS NULL;
CREATE UNIQUE INDEX job_key ON job (kind, jobkey) WHERE jobkey IS NOT NULL AND deadon IS NULL;
CREATE INDEX job_dead ON job (deadon) WHERE deadon IS NOT NULL;
