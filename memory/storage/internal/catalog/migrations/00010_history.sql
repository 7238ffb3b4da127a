-- +goose Up
-- What the engine measured, by the minute, the hour and the day: span is that length in seconds, at its beginning in
-- seconds since 1970. data is JSON of counts; nothing of a memory is in it. Old rows of each span are dropped.
CREATE TABLE history (
	span INTEGER NOT NULL,
	at   INTEGER NOT NULL,
	data TEXT NOT NULL,
	PRIMARY KEY (span, at)
) STRICT, WITHOUT ROWID;
