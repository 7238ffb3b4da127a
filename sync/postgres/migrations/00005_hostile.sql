-- +goose Up

-- Whoever belongs to a role may drop what depends on it, and DROP OWNED BY elderzan_member dropped every policy that named
-- it. So the policies for members name nobody: they hold for all, and no role takes them along. The functions that run as
-- the owner act for the member behind the login, of whom they say the same.
DROP POLICY guard_drop ON globals;
CREATE POLICY guard_drop ON globals AS RESTRICTIVE FOR DELETE TO PUBLIC USING (current_user = 'elderzan_owner' AND tenant = (SELECT tenant()));
-- +goose StatementBegin
DO $$
DECLARE p record;
BEGIN
	FOR p IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'elderzan' AND 'elderzan_member' = ANY (roles) LOOP
		EXECUTE format('ALTER POLICY %I ON %I TO PUBLIC', p.policyname, p.tablename);
	END LOOP;
END $$;
-- +goose StatementEnd

-- A statement takes its team's line, or that of GLOBAL, even where it changes no row: nobody takes one who may not write.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION begin_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT elderzan.writes() THEN
		RAISE EXCEPTION 'not allowed' USING ERRCODE = 'insufficient_privilege';
	END IF;
	UPDATE elderzan.heads SET batch = batch + 1
	WHERE heads.tenant = CASE TG_TABLE_NAME WHEN 'globals' THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE elderzan.tenant() END;
	RETURN NULL;
END $$;
-- +goose StatementEnd

-- EXPLAIN tells everybody what the planner knows of every team's rows: it is to know nothing of them. The indexes lead with
-- the team, so that there is nothing to choose.
ALTER TABLE records ALTER tenant SET STATISTICS 0, ALTER row SET STATISTICS 0, ALTER version SET STATISTICS 0,
	ALTER batch SET STATISTICS 0, ALTER at SET STATISTICS 0, ALTER body SET STATISTICS 0;
ALTER TABLE entries ALTER tenant SET STATISTICS 0, ALTER seq SET STATISTICS 0, ALTER entry SET STATISTICS 0;
ALTER TABLE wraps ALTER tenant SET STATISTICS 0, ALTER device SET STATISTICS 0, ALTER epoch SET STATISTICS 0,
	ALTER author SET STATISTICS 0, ALTER wrap SET STATISTICS 0;
ALTER TABLE joins ALTER tenant SET STATISTICS 0, ALTER login SET STATISTICS 0, ALTER request SET STATISTICS 0;
ALTER TABLE globals_cold ALTER tenant SET STATISTICS 0, ALTER row SET STATISTICS 0, ALTER version SET STATISTICS 0,
	ALTER at SET STATISTICS 0, ALTER body SET STATISTICS 0, ALTER cooled SET STATISTICS 0;
