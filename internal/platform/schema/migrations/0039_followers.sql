-- +goose Up
-- Search and web hooks follow the log as all others do, under "consumer/log".
UPDATE consumerposition SET consumer = 'search/changes' WHERE consumer = 'search';
UPDATE consumerposition SET consumer = 'webhook/changes' WHERE consumer = 'webhook';
