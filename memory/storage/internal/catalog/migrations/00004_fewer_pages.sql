-- +goose Up
-- A commit costs by the pages it changes, each of which is encrypted, authenticated and synced.

-- Words and tags of new memories reach fts and tags many at a time: this is the last row whose are there (words.go).
INSERT INTO counters (name, n) VALUES ('words', (SELECT coalesce(max(row), 0) FROM memories));

-- Lists and orders are made in RAM; what is left to SQL is to count, and to look up rows that full text names.
DROP INDEX memories_at;
DROP INDEX memories_scope;
DROP INDEX memories_project;
DROP INDEX memories_kind;
DROP INDEX memories_updated;
DROP INDEX memories_session;
CREATE INDEX memories_count ON memories (state, scope);

-- Keys of requests follow each other (requestHash): old ones are found by going through them.
DROP INDEX requests_at;
