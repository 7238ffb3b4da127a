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
	INSERT INTO elderzan.logins (tenant, login, inviter) VALUES (team, name, elderzan.device());
END $$;

-- Ends every connection of a login.
CREATE OR REPLACE FUNCTION elderzan.hang_up(name text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = name AND pid <> pg_backend_pid();
EXCEPTION WHEN insufficient_privilege THEN
	NULL; -- whoever set the database up could not grant pg_signal_backend
END $$;

-- Changes a login's role. Whose it is may hold it locked, by an ALTER ROLE in a transaction that they do not end: they are
-- cut off then, and who waited comes first.
CREATE OR REPLACE FUNCTION elderzan.alter_login(name text, change text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
BEGIN
	FOR tries IN 1..5 LOOP
		BEGIN
			EXECUTE format('ALTER ROLE %I ', name) || change;
			RETURN;
		EXCEPTION WHEN lock_not_available OR internal_error THEN -- internal_error: it was changed meanwhile
			PERFORM elderzan.hang_up(name);
		END;
	END LOOP;
	RAISE EXCEPTION 'the login is held locked' USING ERRCODE = 'lock_not_available';
END $$;

-- Takes a login's rights, and then the login.
CREATE OR REPLACE FUNCTION elderzan.end_login(team uuid, name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM elderzan.hang_up(name); -- it may hold its own row
	DELETE FROM elderzan.logins WHERE tenant = team AND login = name;
	DELETE FROM elderzan.joins WHERE tenant = team AND login = name;
	PERFORM elderzan.alter_login(name, 'NOLOGIN');
	PERFORM elderzan.hang_up(name);
END $$;

-- The device that made the invite lets in who asked to join with it: others could let the login in as something else, or one
-- of their own with what it asked. Nobody gives more rights than their own, nor the name of a device that is there: under it
-- keys could be wrapped before the device itself wraps them. A manager takes the name from a login that somebody else let in.
CREATE OR REPLACE FUNCTION elderzan.admit(name text, its_device uuid, may_write boolean, may_manage boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	team uuid := elderzan.tenant();
	other record;
BEGIN
	IF team IS NULL OR (may_write AND NOT elderzan.writes()) OR (may_manage AND NOT elderzan.manages()) OR EXISTS (
		SELECT 1 FROM elderzan.logins WHERE tenant = team AND login = name AND inviter <> elderzan.device()) THEN
		RAISE EXCEPTION 'not allowed' USING ERRCODE = 'insufficient_privilege';
	END IF;
	FOR other IN SELECT login, manages FROM elderzan.logins WHERE tenant = team AND device = its_device AND login <> name LOOP
		IF other.manages OR NOT elderzan.manages() THEN
			RAISE EXCEPTION 'that device has a login' USING ERRCODE = 'insufficient_privilege';
		END IF;
		PERFORM elderzan.end_login(team, other.login);
	END LOOP;
	UPDATE elderzan.logins SET device = its_device, writes = may_write, manages = may_manage, admitted = true
	WHERE tenant = team AND login = name AND NOT admitted;
	IF FOUND THEN
		PERFORM elderzan.alter_login(name, 'VALID UNTIL ''infinity''');
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
	FOR name IN SELECT login FROM elderzan.logins WHERE tenant = team AND device = its_device LOOP
		PERFORM elderzan.end_login(team, name);
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
ALTER FUNCTION elderzan.hang_up(text) OWNER TO elderzan_provisioner;
ALTER FUNCTION elderzan.alter_login(text, text) OWNER TO elderzan_provisioner;
ALTER FUNCTION elderzan.end_login(uuid, text) OWNER TO elderzan_provisioner;
ALTER FUNCTION elderzan.admit(text, uuid, boolean, boolean) OWNER TO elderzan_provisioner;
ALTER FUNCTION elderzan.dismiss(uuid) OWNER TO elderzan_provisioner;
ALTER FUNCTION elderzan.set_rights(uuid, boolean, boolean) OWNER TO elderzan_provisioner;
REVOKE ALL ON FUNCTION elderzan.make_login(text, text, timestamptz), elderzan.found(uuid, text, text, uuid), elderzan.invite(text, text, timestamptz),
	elderzan.hang_up(text), elderzan.alter_login(text, text), elderzan.end_login(uuid, text),
	elderzan.admit(text, uuid, boolean, boolean), elderzan.dismiss(uuid), elderzan.set_rights(uuid, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION elderzan.invite(text, text, timestamptz), elderzan.admit(text, uuid, boolean, boolean),
	elderzan.dismiss(uuid), elderzan.set_rights(uuid, boolean, boolean) TO elderzan_member;

DO $$ BEGIN
	GRANT pg_signal_backend TO elderzan_provisioner; -- to end the connections of who was removed
EXCEPTION WHEN insufficient_privilege THEN
	NULL; -- then a connection lasts as long as its owner likes, without rights
END $$;
