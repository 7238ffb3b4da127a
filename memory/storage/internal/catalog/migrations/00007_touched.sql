-- +goose Up
-- What changed of memories and vectors that were there before, so that an index that was saved can be brought to the
-- record without looking at all of it. what: 1 the memory changed or went, 2 a vector went or moved to another class.
-- What every saved index has is dropped, but for the last row, so that seq never goes back.
CREATE TABLE touched (
	seq  INTEGER PRIMARY KEY,
	row  INTEGER NOT NULL,
	what INTEGER NOT NULL
) STRICT;
