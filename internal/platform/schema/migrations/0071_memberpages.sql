-- +goose Up
-- Sessions of members get an id under which the member sees and ends them.
ALTER TABLE membersession ADD COLUMN sessionid {{.ID}};
-- What a member has sent with a form and is not a record yet: whose the record
-- will be that is made of the event. A row goes with the record's making.
CREATE TABLE membersubmission (
  eventid {{.Text}} NOT NULL PRIMARY KEY,
  contactid {{.ID}} NOT NULL,
  createdon {{.Time}} NOT NULL
);
CREATE INDEX membersubmission_by_time ON membersubmission (createdon);
