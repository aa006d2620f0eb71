-- +goose Up
-- The key under which content is kept, empty while it lies open, and what the
-- scan for viruses found: 0 none was made, 1 it waits, 2 clean, 3 infected.
ALTER TABLE filecontent ADD COLUMN keyid {{.Text}};
ALTER TABLE filecontent ADD COLUMN scan {{.Int}};
CREATE INDEX filecontent_by_record ON filecontent (recordid);
