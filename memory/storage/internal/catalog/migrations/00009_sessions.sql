-- +goose Up
-- Each remember moves its session's last_at: without these indexes that changes one page of a commit rather than three.
-- Sessions are few, and lists of them are sorted when somebody asks.
DROP INDEX sessions_last;
DROP INDEX sessions_project;
