-- +goose Up

-- The record of a memory. Times are Unix milliseconds, NULL for none. state: 1 active, 2 superseded, 3 archived,
-- 4 forgotten. scope: 1 PRIVATE, 2 PROJECT, 3 SHARED, 4 GLOBAL. lex holds the analysed terms and the tags; it is
-- sealed, like the body in texts, where sealed is 1. row names the memory in every other engine and is never reused.
CREATE TABLE memories (
	row           INTEGER PRIMARY KEY AUTOINCREMENT,
	id            BLOB    NOT NULL UNIQUE,
	version       INTEGER NOT NULL,
	text_version  INTEGER NOT NULL, -- version that brought the text as it is
	state         INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4),
	scope         INTEGER NOT NULL CHECK (scope BETWEEN 1 AND 4),
	sealed        INTEGER NOT NULL CHECK (sealed = (scope = 1)),
	project       TEXT    NOT NULL,
	team          TEXT    NOT NULL,
	kind          TEXT    NOT NULL,
	session       TEXT    NOT NULL,
	author        TEXT    NOT NULL,
	client        TEXT    NOT NULL,
	trust         TEXT    NOT NULL,
	flags         INTEGER NOT NULL, -- 1 sensitive, 2 overridden, 4 pinned
	confidence    REAL    NOT NULL,
	importance    REAL    NOT NULL,
	supersedes    BLOB,
	superseded_by BLOB,
	at            INTEGER NOT NULL, -- occurred_at, or created_at where that is not known
	occurred_at   INTEGER,
	created_at    INTEGER NOT NULL,
	updated_at    INTEGER NOT NULL,
	expires_at    INTEGER,
	forgotten_at  INTEGER,
	hash          BLOB    NOT NULL, -- keyed hash of project and text
	sum           BLOB    NOT NULL, -- checksum of all the rest, texts.body included
	lex           BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX memories_hash ON memories (hash) WHERE state = 1;
CREATE INDEX memories_at ON memories (state, at);
CREATE INDEX memories_scope ON memories (scope, state, at);
CREATE INDEX memories_project ON memories (project, state, at);
CREATE INDEX memories_kind ON memories (kind, state, at);
CREATE INDEX memories_updated ON memories (state, updated_at);
CREATE INDEX memories_session ON memories (session, at) WHERE session <> '';

CREATE TABLE texts (
	row  INTEGER PRIMARY KEY REFERENCES memories (row) ON DELETE CASCADE,
	body BLOB NOT NULL
) STRICT;

-- Terms, already analysed, of what is not sealed: the tokeniser has only to cut at spaces, and to know of no Unicode
-- whose version could differ from the analyser's.
CREATE VIRTUAL TABLE fts USING fts5 (
	title, content, tags,
	content = '', contentless_delete = 1,
	tokenize = "ascii tokenchars '._-'"
);
-- Merging waits for idle time; see maintain.go.
INSERT INTO fts (fts, rank) VALUES ('automerge', 0);
INSERT INTO fts (fts, rank) VALUES ('crisismerge', 512);

-- What stands in fts, term by term, for the checker.
CREATE VIRTUAL TABLE fts_terms USING fts5vocab (fts, instance);

CREATE TABLE tags (
	tag TEXT    NOT NULL,
	row INTEGER NOT NULL REFERENCES memories (row) ON DELETE CASCADE,
	PRIMARY KEY (tag, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_row ON tags (row);

CREATE TABLE usage (
	row     INTEGER PRIMARY KEY REFERENCES memories (row) ON DELETE CASCADE,
	uses    INTEGER NOT NULL,
	last_at INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
	id         TEXT    PRIMARY KEY,
	client     TEXT    NOT NULL,
	user       TEXT    NOT NULL,
	project    TEXT    NOT NULL,
	status     TEXT    NOT NULL, -- open, closed
	started_at INTEGER NOT NULL,
	last_at    INTEGER NOT NULL,
	memories   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
	name       TEXT    PRIMARY KEY,
	role       TEXT    NOT NULL,
	created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE permissions (
	user   TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
	kind   TEXT NOT NULL, -- project, team or tool
	object TEXT NOT NULL,
	role   TEXT NOT NULL,
	PRIMARY KEY (user, kind, object)
) STRICT, WITHOUT ROWID;

-- Embedding jobs. version is the memory's text_version.
CREATE TABLE jobs (
	row        INTEGER PRIMARY KEY REFERENCES memories (row) ON DELETE CASCADE,
	attempts   INTEGER NOT NULL,
	not_before INTEGER NOT NULL
) STRICT;

-- The vector each memory has in each embedding space; its bytes are in RocksDB. class: 1 store, 2 private.
CREATE TABLE vectors (
	row     INTEGER NOT NULL REFERENCES memories (row) ON DELETE CASCADE,
	space   TEXT    NOT NULL,
	version INTEGER NOT NULL, -- of the memory it was made from
	class   INTEGER NOT NULL,
	seq     INTEGER NOT NULL, -- grows with every vector stored: what is newer than a snapshot of the index
	sum     BLOB    NOT NULL, -- checksum of the values
	PRIMARY KEY (row, space)
) STRICT, WITHOUT ROWID;

-- Distributed transactions that were decided; one is dropped when no engine can ask for it any more.
CREATE TABLE txlog (
	tx BLOB    PRIMARY KEY,
	at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Requests already answered, by a hash of their key. memory is an id.
CREATE TABLE requests (
	key       BLOB    PRIMARY KEY,
	memory    BLOB    NOT NULL,
	duplicate INTEGER NOT NULL,
	at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_at ON requests (at);

-- Events for the cloud. op: 1 CREATE, 2 UPDATE, 3 DELETE. scope and team say where the event goes.
CREATE TABLE outbox (
	seq     INTEGER PRIMARY KEY AUTOINCREMENT,
	id      BLOB    NOT NULL UNIQUE,
	at      INTEGER NOT NULL,
	op      INTEGER NOT NULL CHECK (op BETWEEN 1 AND 3),
	memory  BLOB    NOT NULL,
	version INTEGER NOT NULL,
	scope   INTEGER NOT NULL CHECK (scope IN (3, 4)),
	team    TEXT    NOT NULL,
	source  TEXT    NOT NULL,
	synced  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_memory ON outbox (memory, seq);
CREATE INDEX outbox_pending ON outbox (seq) WHERE synced = 0;

-- The audit log. mac chains each row to the one before. Nothing updates or deletes a row.
CREATE TABLE audit (
	seq        INTEGER PRIMARY KEY,
	at         INTEGER NOT NULL, -- Unix microseconds
	action     TEXT    NOT NULL,
	subject    BLOB,
	user       TEXT    NOT NULL,
	client     TEXT    NOT NULL,
	session    TEXT    NOT NULL,
	from_scope INTEGER NOT NULL,
	to_scope   INTEGER NOT NULL,
	rules      TEXT    NOT NULL, -- JSON array
	reason     TEXT    NOT NULL,
	generation INTEGER NOT NULL, -- of the key behind mac
	mac        BLOB    NOT NULL
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd

CREATE TABLE counters (
	name TEXT    PRIMARY KEY,
	n    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
