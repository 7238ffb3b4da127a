-- +goose Up
-- A unique index over hashes is changed in another page by nearly every new memory. Like words, hashes of new memories wait
-- and get here many at a time (hashes.go): rows up to the counter "words" are here, in whatever state they are. prefix is
-- the beginning of memories.hash, which says whether a memory has the text indeed.
CREATE TABLE hashes (
	prefix BLOB    NOT NULL,
	row    INTEGER NOT NULL,
	PRIMARY KEY (prefix, row)
) STRICT, WITHOUT ROWID;
INSERT INTO hashes (prefix, row)
	SELECT substr(hash, 1, 8), row FROM memories WHERE row <= coalesce((SELECT n FROM counters WHERE name = 'words'), 0) ORDER BY 1, 2;
DROP INDEX memories_hash;
