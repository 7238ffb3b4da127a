-- Owned by elderzan_provisioner, which may make roles: what a member may do with that is decided here.

CREATE OR REPLACE FUNCTION elderzan.make_login(name text, verifier text, until timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF name !~ '^ez_[0-9a-f]{32}$' OR verifier !~ '^SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$' THEN
		RAISE EXCEPTION 'not a login of elderzan' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 8 PASSWORD %L VALID UNTIL %L IN ROLE elderzan_member',
		name, verifier, until);
	EXECUTE format('ALTER ROLE %I SET statement_timeout = ''30s''', name);
	EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''30s''', name);
	EXECUTE format('ALTER ROLE %I SET search_path = elderzan, pg_temp', name);
END $$;

CREATE OR REPLACE FUNCTION elderzan.found(team uuid, name text, verifier text, its_device uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM elderzan.make_login(name, verifier, 'infinity');
	INSERT INTO elderzan.heads (tenant) VALUES (team);
	INSERT INTO elderzan.logins (tenant, login, device, writes, manages, admitted) VALUES (team, name, its_device, true, true, true);
END $$;

-- A member invites: a login that may read the chain and ask to join, until it is admitted.
CREATE OR REPLACE FUNCTION elderzan.invite(name text, verifier text, until timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE team uuid := elderzan.tenant();
BEGIN
	IF team IS NULL THEN
		RAISE EXCEPTION 'not a member' USING ERRCODE = 'insufficient_privilege';
	END IF;
	IF (SELECT count(*) FROM elderzan.logins WHERE tenant = team) >= 500 THEN
		RAISE EXCEPTION 'too many logins in this team' USING ERRCODE = 'program_limit_exceeded';
	END IF;
	PERFORM elderzan.make_login(name, verifier, least(until, now() + interval '31 days'));
	INSERT INTO elderzan.logins (tenant, login) VALUES (team, name);
END $$;

-- A member lets in who asked to join: nobody gives more rights than their own, nor the name of a device that is there: under
-- it keys could be wrapped before the device itself wraps them.
CREATE OR REPLACE FUNCTION elderzan.admit(name text, its_device uuid, may_write boolean, may_manage boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE team uuid := elderzan.tenant();
BEGIN
	IF team IS NULL OR (may_write AND NOT elderzan.writes()) OR (may_manage AND NOT elderzan.manages()) THEN
		RAISE EXCEPTION 'not allowed' USING ERRCODE = 'insufficient_privilege';
	END IF;
	IF EXISTS (SELECT 1 FROM elderzan.logins WHERE tenant = team AND device = its_device AND login <> name) THEN
		RAISE EXCEPTION 'that device has a login' USING ERRCODE = 'insufficient_privilege';
	END IF;
	UPDATE elderzan.logins SET device = its_device, writes = may_write, manages = may_manage, admitted = true
	WHERE tenant = team AND login = name AND NOT admitted;
	IF FOUND THEN
		EXECUTE format('ALTER ROLE %I VALID UNTIL ''infinity''', name);
	END IF;
	DELETE FROM elderzan.joins WHERE tenant = team AND login = name;
END $$;

-- A manager changes what a device may do, or a member drops an own device. No rights at all ends the login.
CREATE OR REPLACE FUNCTION elderzan.dismiss(its_device uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE team uuid := elderzan.tenant(); name text;
BEGIN
	IF team IS NULL OR NOT elderzan.manages() THEN
		RAISE EXCEPTION 'not allowed' USING ERRCODE = 'insufficient_privilege';
	END IF;
	FOR name IN DELETE FROM elderzan.logins WHERE tenant = team AND device = its_device RETURNING login LOOP
		EXECUTE format('ALTER ROLE %I NOLOGIN', name);
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION elderzan.set_rights(its_device uuid, may_write boolean, may_manage boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT elderzan.manages() THEN
		RAISE EXCEPTION 'not allowed' USING ERRCODE = 'insufficient_privilege';
	END IF;
	UPDATE elderzan.logins SET writes = may_write, manages = may_manage WHERE tenant = elderzan.tenant() AND device = its_device;
END $$;

ALTER FUNCTION elderzan.make_login(text, text, timestamptz) OWNER TO elderzan_provisioner;
ALTER FUNCTION elderzan.found(uuid, text, text, uuid) OWNER TO elderzan_provisioner;
ALTER FUNCTION elderzan.invite(text, text, timestamptz) OWNER TO elderzan_provisioner;
ALTER FUNCTION elderzan.admit(text, uuid, boolean, boolean) OWNER TO elderzan_provisioner;
ALTER FUNCTION elderzan.dismiss(uuid) OWNER TO elderzan_provisioner;
ALTER FUNCTION elderzan.set_rights(uuid, boolean, boolean) OWNER TO elderzan_provisioner;
REVOKE ALL ON FUNCTION elderzan.make_login(text, text, timestamptz), elderzan.found(uuid, text, text, uuid), elderzan.invite(text, text, timestamptz),
	elderzan.admit(text, uuid, boolean, boolean), elderzan.dismiss(uuid), elderzan.set_rights(uuid, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION elderzan.invite(text, text, timestamptz), elderzan.admit(text, uuid, boolean, boolean),
	elderzan.dismiss(uuid), elderzan.set_rights(uuid, boolean, boolean) TO elderzan_member;
