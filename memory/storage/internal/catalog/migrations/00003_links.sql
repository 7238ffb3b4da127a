-- +goose Up
-- What two memories have to do with each other; a < b. kind: 1 near-duplicate, weight is their cosine; 2 recalled
-- together, weight is how often.
CREATE TABLE links (
	a      INTEGER NOT NULL REFERENCES memories (row) ON DELETE CASCADE,
	b      INTEGER NOT NULL REFERENCES memories (row) ON DELETE CASCADE,
	kind   INTEGER NOT NULL CHECK (kind IN (1, 2)),
	weight REAL    NOT NULL,
	at     INTEGER NOT NULL,
	PRIMARY KEY (a, kind, b),
	CHECK (a < b)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_b ON links (b, kind);
-- What is newer than a moment in the life of the vectors.
CREATE INDEX vectors_seq ON vectors (seq);
