-- +goose Up

-- Old rows of GLOBAL, out of everybody's way: nobody pulls them, and a push to one brings it back.
CREATE TABLE globals_cold (
	tenant  uuid        NOT NULL,
	row     uuid        NOT NULL,
	version bigint      NOT NULL,
	at      timestamptz NOT NULL, -- of the row's last change
	body    bytea       NOT NULL,
	cooled  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant, row)
);
ALTER TABLE globals_cold ALTER body SET STORAGE EXTENDED;
ALTER TABLE globals_cold ENABLE ROW LEVEL SECURITY;
ALTER TABLE globals_cold FORCE ROW LEVEL SECURITY;
CREATE POLICY guard ON globals_cold AS RESTRICTIVE FOR ALL TO elderzan_member, elderzan_owner
	USING (tenant = (SELECT tenant())) WITH CHECK (tenant = (SELECT tenant()) AND (SELECT writes()));
CREATE POLICY read ON globals_cold FOR SELECT TO elderzan_member USING (true);
CREATE POLICY move ON globals_cold FOR ALL TO elderzan_owner USING (true) WITH CHECK (true);
CREATE POLICY push_drop ON globals FOR DELETE TO elderzan_owner USING (tenant = (SELECT tenant()) AND (SELECT writes()));
GRANT SELECT ON globals_cold TO elderzan_member;
CREATE INDEX globals_age ON globals (tenant, at, row);

-- Moves up to n of the caller's rows that were not changed for so long, the oldest first, as long as the rest takes more
-- than so many bytes. It returns how many went and what they take.
-- +goose StatementBegin
CREATE FUNCTION cool(older interval, keep bigint, n integer, OUT moved bigint, OUT bytes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	team uuid := elderzan.tenant();
	excess bigint;
BEGIN
	IF team IS NULL OR NOT elderzan.writes() THEN
		RAISE EXCEPTION 'not allowed' USING ERRCODE = 'insufficient_privilege';
	END IF;
	PERFORM 1 FROM elderzan.heads WHERE tenant = '00000000-0000-0000-0000-000000000000' FOR UPDATE;
	SELECT coalesce(sum(octet_length(g.body)), 0) - keep INTO excess FROM elderzan.globals g WHERE g.tenant = team;
	WITH old AS (
		SELECT g.row, sum(octet_length(g.body)) OVER (ORDER BY g.at, g.row) - octet_length(g.body) AS before
		FROM elderzan.globals g WHERE g.tenant = team AND g.at < now() - older ORDER BY g.at, g.row LIMIT n
	), gone AS (
		DELETE FROM elderzan.globals g USING old WHERE g.tenant = team AND g.row = old.row AND old.before < excess
		RETURNING g.row, g.version, g.at, g.body
	), kept AS (
		INSERT INTO elderzan.globals_cold (tenant, row, version, at, body) SELECT team, gone.row, gone.version, gone.at, gone.body FROM gone RETURNING body
	)
	SELECT count(*), coalesce(sum(octet_length(kept.body)), 0) INTO moved, bytes FROM kept;
END $$;
-- +goose StatementEnd

-- Brings rows of the caller back, those named or, for NULL, all, up to n of them: as a batch, so that everybody pulls them.
-- +goose StatementBegin
CREATE FUNCTION warm(ids uuid[], n integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	team uuid := elderzan.tenant();
	number bigint;
	moved bigint;
BEGIN
	IF team IS NULL OR NOT elderzan.writes() THEN
		RAISE EXCEPTION 'not allowed' USING ERRCODE = 'insufficient_privilege';
	END IF;
	UPDATE elderzan.heads SET batch = batch + 1 WHERE tenant = '00000000-0000-0000-0000-000000000000' RETURNING batch INTO number;
	WITH back AS (
		DELETE FROM elderzan.globals_cold c WHERE c.tenant = team
			AND c.row IN (SELECT o.row FROM elderzan.globals_cold o WHERE o.tenant = team AND (ids IS NULL OR o.row = ANY (ids)) ORDER BY o.row LIMIT n)
		RETURNING c.row, c.version, c.at, c.body
	), put AS (
		INSERT INTO elderzan.globals (tenant, row, version, batch, at, body)
		SELECT team, back.row, back.version, number, back.at, back.body FROM back RETURNING 1
	)
	SELECT count(*) INTO moved FROM put;
	RETURN moved;
END $$;
-- +goose StatementEnd

-- A push to a cold row builds on it: it comes back first.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION push_globals(ids uuid[], versions bigint[], bodies bytea[]) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
	team uuid := elderzan.tenant();
	number bigint;
BEGIN
	IF team IS NULL OR NOT elderzan.writes() THEN
		RAISE EXCEPTION 'not allowed' USING ERRCODE = 'insufficient_privilege';
	END IF;
	UPDATE elderzan.heads SET batch = batch + 1 WHERE tenant = '00000000-0000-0000-0000-000000000000' RETURNING batch INTO number;
	WITH back AS (
		DELETE FROM elderzan.globals_cold c WHERE c.tenant = team AND c.row = ANY (ids) RETURNING c.row, c.version, c.at, c.body
	)
	INSERT INTO elderzan.globals (tenant, row, version, batch, at, body) SELECT team, back.row, back.version, number, back.at, back.body FROM back;
	RETURN QUERY INSERT INTO elderzan.globals AS t (tenant, row, version, batch, body)
	SELECT team, n.row, n.version, number, n.body FROM unnest(ids, versions, bodies) AS n (row, version, body)
	WHERE n.version = 1 OR EXISTS (SELECT 1 FROM elderzan.globals o WHERE o.tenant = team AND o.row = n.row AND o.version = n.version - 1)
	ORDER BY n.row
	ON CONFLICT (tenant, row) DO UPDATE SET version = excluded.version, batch = excluded.batch, at = excluded.at, body = excluded.body
	WHERE t.version = excluded.version - 1
	RETURNING t.row;
END $f$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION cool(interval, bigint, integer), warm(uuid[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cool(interval, bigint, integer), warm(uuid[], integer) TO elderzan_member;
