-- +goose Up

-- A row of GLOBAL is of the team that wrote it first. The key of globals says (tenant, row): another team could put rows with
-- the same id under its own name, and devices, which know a memory by its id, took them for what follows on the first
-- team's. Who has a row keeps it, also where the row is in cold storage. Granted to nobody.
CREATE TABLE claims (
	row    uuid PRIMARY KEY,
	tenant uuid NOT NULL
);
ALTER TABLE claims ENABLE ROW LEVEL SECURITY;
ALTER TABLE claims FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON claims FOR ALL TO elderzan_owner USING (true) WITH CHECK (true);
ALTER TABLE claims ALTER row SET STATISTICS 0, ALTER tenant SET STATISTICS 0;

-- The policies show the owner one team's rows: what is there already is read without them. Where two teams have a row with
-- one id, the older one stands.
ALTER TABLE globals NO FORCE ROW LEVEL SECURITY;
ALTER TABLE globals_cold NO FORCE ROW LEVEL SECURITY;
INSERT INTO claims (row, tenant)
SELECT DISTINCT ON (row) row, tenant FROM (SELECT row, tenant, at FROM globals UNION ALL SELECT row, tenant, at FROM globals_cold) g ORDER BY row, at, tenant;
DELETE FROM globals g USING claims c WHERE c.row = g.row AND c.tenant <> g.tenant;
DELETE FROM globals_cold g USING claims c WHERE c.row = g.row AND c.tenant <> g.tenant;
ALTER TABLE globals FORCE ROW LEVEL SECURITY;
ALTER TABLE globals_cold FORCE ROW LEVEL SECURITY;
-- Rows of GLOBAL are asked for by id alone.
CREATE UNIQUE INDEX globals_row ON globals (row);

-- +goose StatementBegin
CREATE FUNCTION claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	INSERT INTO elderzan.claims (row, tenant) VALUES (NEW.row, NEW.tenant) ON CONFLICT DO NOTHING;
	IF NOT EXISTS (SELECT 1 FROM elderzan.claims WHERE row = NEW.row AND tenant = NEW.tenant) THEN
		RAISE EXCEPTION 'another team has this row' USING ERRCODE = 'insufficient_privilege';
	END IF;
	RETURN NULL;
END $$;
-- +goose StatementEnd
-- After the policies have looked at the row: nobody claims one in another team's name.
CREATE TRIGGER claim AFTER INSERT ON globals FOR EACH ROW WHEN (current_user <> 'elderzan_owner') EXECUTE FUNCTION claim();

-- Which of these rows another team has, wherever they are.
-- +goose StatementBegin
CREATE FUNCTION anothers(ids uuid[]) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT c.row FROM elderzan.claims c WHERE c.row = ANY (ids) AND c.tenant <> elderzan.tenant() $$;
-- +goose StatementEnd

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
	INSERT INTO elderzan.globals (tenant, row, version, batch, at, body) SELECT team, back.row, back.version, number, back.at, back.body FROM back
	ON CONFLICT DO NOTHING; -- a member put it there by hand
	INSERT INTO elderzan.claims (row, tenant) SELECT n.row, team FROM unnest(ids, versions) AS n (row, version)
	WHERE n.version = 1 ORDER BY n.row ON CONFLICT DO NOTHING;
	RETURN QUERY INSERT INTO elderzan.globals AS t (tenant, row, version, batch, body)
	SELECT team, n.row, n.version, number, n.body FROM unnest(ids, versions, bodies) AS n (row, version, body)
	JOIN elderzan.claims c ON c.row = n.row AND c.tenant = team
	WHERE n.version = 1 OR EXISTS (SELECT 1 FROM elderzan.globals o WHERE o.tenant = team AND o.row = n.row AND o.version = n.version - 1)
	ORDER BY n.row
	ON CONFLICT (tenant, row) DO UPDATE SET version = excluded.version, batch = excluded.batch, at = excluded.at, body = excluded.body
	WHERE t.version = excluded.version - 1
	RETURNING t.row;
END $f$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION claim(), anothers(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION anothers(uuid[]) TO elderzan_member;

-- The device that made the invite of a login.
ALTER TABLE logins ADD inviter uuid;
