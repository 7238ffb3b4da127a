-- +goose Up

-- What is known of a memory in a place of the cloud: place is a team's id, or zeros for GLOBAL. version, epoch and hash
-- name the newest version that the cloud acknowledged or delivered; base is what it says, pending a sealed version
-- whose fate is not known, others the texts that wait for a decision, held why the newest version was not used.
CREATE TABLE cloud_rows (
	place   BLOB    NOT NULL,
	memory  BLOB    NOT NULL,
	version INTEGER NOT NULL,
	epoch   INTEGER NOT NULL,
	hash    BLOB    NOT NULL,
	base    BLOB,
	pending BLOB,
	others  BLOB,
	held    TEXT    NOT NULL,
	PRIMARY KEY (place, memory)
) STRICT, WITHOUT ROWID;
CREATE INDEX cloud_pending ON cloud_rows (place, memory) WHERE pending IS NOT NULL;
CREATE INDEX cloud_held ON cloud_rows (place, memory) WHERE held <> '';
CREATE INDEX cloud_others ON cloud_rows (place, memory) WHERE others IS NOT NULL;
