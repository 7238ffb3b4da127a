-- +goose Up

-- Older entries of the audit log, many in a row: those up to last, n of them, packed (auditpack.go). mac is that of the last
-- one, from which those before follow by the chain; size is what they took as rows. An entry leaves the table audit in the
-- transaction that puts it here.
CREATE TABLE audit_packed (
	last  INTEGER PRIMARY KEY,
	n     INTEGER NOT NULL,
	size  INTEGER NOT NULL,
	mac   BLOB    NOT NULL,
	block BLOB    NOT NULL
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER audit_packed_no_update BEFORE UPDATE ON audit_packed BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_packed_no_delete BEFORE DELETE ON audit_packed BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
DROP TRIGGER audit_no_delete;
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit WHEN OLD.seq > coalesce((SELECT max(last) FROM audit_packed), 0)
	BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd

-- The lowest hashes of the tree over the audit log are those of its entries, which are there.
DELETE FROM meta WHERE key LIKE 'audit-tile/0/%';

-- By its hash a text is known again among the active memories.
DELETE FROM hashes WHERE row IN (SELECT row FROM memories WHERE state = 3);

-- Memories are counted in RAM.
DROP INDEX memories_count;
