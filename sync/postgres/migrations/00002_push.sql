-- +goose Up

-- A push writes a batch in one statement with one number: what the triggers do row by row is done here for all of them.
-- Raw statements of members keep the triggers, which ask for nothing but who is at work: only the functions below run
-- as the owner, for whom the policies say the same as for the member behind the login.
-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['records', 'globals'] LOOP
		EXECUTE format('DROP TRIGGER begin_batch ON %I', t);
		EXECUTE format('DROP TRIGGER number_row ON %I', t);
		EXECUTE format('DROP TRIGGER first_version ON %I', t);
		EXECUTE format('CREATE TRIGGER begin_batch BEFORE INSERT OR UPDATE ON %I FOR EACH STATEMENT WHEN (current_user <> ''elderzan_owner'') EXECUTE FUNCTION begin_batch()', t);
		EXECUTE format('CREATE TRIGGER number_row BEFORE INSERT OR UPDATE ON %I FOR EACH ROW WHEN (current_user <> ''elderzan_owner'') EXECUTE FUNCTION number_row(%L)', t, t);
		EXECUTE format('CREATE TRIGGER first_version AFTER INSERT ON %I FOR EACH ROW WHEN (current_user <> ''elderzan_owner'') EXECUTE FUNCTION first_version()', t);
		EXECUTE format('CREATE POLICY push_read ON %I FOR SELECT TO elderzan_owner USING (tenant = (SELECT tenant()))', t);
		EXECUTE format('CREATE POLICY push_add ON %I FOR INSERT TO elderzan_owner WITH CHECK (tenant = (SELECT tenant()) AND (SELECT writes()))', t);
		EXECUTE format('CREATE POLICY push_change ON %I FOR UPDATE TO elderzan_owner USING (tenant = (SELECT tenant()) AND (SELECT writes()))
			WITH CHECK (tenant = (SELECT tenant()) AND (SELECT writes()))', t);
		EXECUTE format('CREATE FUNCTION push_%1$s(ids uuid[], versions bigint[], bodies bytea[]) RETURNS SETOF uuid
			LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
			DECLARE
				team uuid := elderzan.tenant();
				number bigint;
			BEGIN
				IF team IS NULL OR NOT elderzan.writes() THEN
					RAISE EXCEPTION ''not allowed'' USING ERRCODE = ''insufficient_privilege'';
				END IF;
				UPDATE elderzan.heads SET batch = batch + 1
				WHERE tenant = CASE WHEN %1$L = ''globals'' THEN ''00000000-0000-0000-0000-000000000000''::uuid ELSE team END RETURNING batch INTO number;
				RETURN QUERY INSERT INTO elderzan.%1$I AS t (tenant, row, version, batch, body)
				SELECT team, n.row, n.version, number, n.body FROM unnest(ids, versions, bodies) AS n (row, version, body)
				WHERE n.version = 1 OR EXISTS (SELECT 1 FROM elderzan.%1$I o WHERE o.tenant = team AND o.row = n.row AND o.version = n.version - 1)
				ORDER BY n.row
				ON CONFLICT (tenant, row) DO UPDATE SET version = excluded.version, batch = excluded.batch, at = excluded.at, body = excluded.body
				WHERE t.version = excluded.version - 1
				RETURNING t.row;
			END $f$', t);
		EXECUTE format('REVOKE ALL ON FUNCTION push_%s(uuid[], bigint[], bytea[]) FROM PUBLIC', t);
		EXECUTE format('GRANT EXECUTE ON FUNCTION push_%s(uuid[], bigint[], bytea[]) TO elderzan_member', t);
	END LOOP;
END $$;
-- +goose StatementEnd
