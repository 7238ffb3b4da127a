-- +goose Up
-- num names a session in the other engines; it is never given twice as long as sessions are not deleted.
ALTER TABLE sessions ADD COLUMN num INTEGER;
ALTER TABLE sessions ADD COLUMN recalls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN ended_at INTEGER;
UPDATE sessions SET num = r.n FROM (SELECT id, row_number() OVER (ORDER BY started_at, id) AS n FROM sessions) AS r WHERE r.id = sessions.id;
CREATE UNIQUE INDEX sessions_num ON sessions (num);
CREATE INDEX sessions_last ON sessions (last_at);
CREATE INDEX sessions_project ON sessions (project, last_at);
