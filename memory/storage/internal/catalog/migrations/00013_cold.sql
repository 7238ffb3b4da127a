-- +goose Up

-- The vectors of archived memories, as codes: no index and no other engine holds them, and who looks for one reads this
-- table. version, class: as in vectors. code is sealed where class is 2. What is archived by now comes here in the
-- background.
CREATE TABLE spaces (
	num  INTEGER PRIMARY KEY,
	name TEXT    NOT NULL UNIQUE
) STRICT;
CREATE TABLE cold (
	row     INTEGER NOT NULL REFERENCES memories (row) ON DELETE CASCADE,
	space   INTEGER NOT NULL REFERENCES spaces (num),
	version INTEGER NOT NULL,
	class   INTEGER NOT NULL,
	code    BLOB    NOT NULL,
	PRIMARY KEY (row, space)
) STRICT, WITHOUT ROWID;
-- Which memories have one is read on open.
CREATE INDEX cold_rows ON cold (space, class);
