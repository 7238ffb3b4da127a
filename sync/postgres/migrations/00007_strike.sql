-- +goose Up

-- Any member may append to the chain, also what is no entry: nobody could then append any more. Who manages the team takes
-- such out, by what it holds, from a number on. A chain that was cut shows on every device.
CREATE POLICY strike ON entries FOR DELETE TO PUBLIC USING (current_user = 'elderzan_owner' AND tenant = (SELECT tenant()) AND (SELECT manages()));
-- +goose StatementBegin
CREATE FUNCTION strike(low bigint, sums bytea[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE gone bigint;
BEGIN
	IF NOT elderzan.manages() THEN
		RAISE EXCEPTION 'not allowed' USING ERRCODE = 'insufficient_privilege';
	END IF;
	DELETE FROM elderzan.entries WHERE tenant = elderzan.tenant() AND seq >= low AND sha256(entry) = ANY (sums);
	GET DIAGNOSTICS gone = ROW_COUNT;
	RETURN gone;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION strike(bigint, bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION strike(bigint, bytea[]) TO elderzan_member;
