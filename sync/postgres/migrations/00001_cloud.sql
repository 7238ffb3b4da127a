-- +goose Up

-- Every key leads with the tenant, which is a team, so that the schema can be spread by it; nothing refers from one
-- tenant to another. What members may see and do is decided by row-level security alone, and the tenant is found from
-- the login, never from anything a client can set.

-- Who may connect for which tenant. Granted to nobody.
CREATE TABLE logins (
	tenant   uuid    NOT NULL,
	login    text    NOT NULL,
	device   uuid,
	writes   boolean NOT NULL DEFAULT false,
	manages  boolean NOT NULL DEFAULT false,
	admitted boolean NOT NULL DEFAULT false, -- an invited device may only read the chain and ask to join
	added    timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant, login)
);
CREATE UNIQUE INDEX logins_login ON logins (login);

-- The number of the newest batch of a tenant; zeros stand for GLOBAL. Whoever writes holds the row until the commit, so
-- that batches become visible in their order and a cursor passes none over. Granted to nobody.
CREATE TABLE heads (
	tenant  uuid   PRIMARY KEY,
	batch   bigint NOT NULL DEFAULT 0,
	channel text   NOT NULL DEFAULT 'elderzan_' || replace(gen_random_uuid()::text, '-', '')
);
INSERT INTO heads (tenant) VALUES ('00000000-0000-0000-0000-000000000000');

-- Sealed records: the newest version of each row. Nothing but SHARED fits, by its own column and by the record's header.
CREATE TABLE records (
	tenant  uuid     NOT NULL,
	row     uuid     NOT NULL,
	version bigint   NOT NULL CHECK (version > 0),
	batch   bigint   NOT NULL DEFAULT 0,
	scope   smallint NOT NULL DEFAULT 3 CHECK (scope = 3),
	at      timestamptz NOT NULL DEFAULT date_trunc('hour', now()),
	body    bytea    NOT NULL CHECK (octet_length(body) BETWEEN 200 AND 600000 AND substring(body, 1, 4) = '\x455a5243' AND get_byte(body, 6) = 3),
	PRIMARY KEY (tenant, row)
) PARTITION BY HASH (tenant);
CREATE TABLE records_0 PARTITION OF records FOR VALUES WITH (MODULUS 8, REMAINDER 0);
CREATE TABLE records_1 PARTITION OF records FOR VALUES WITH (MODULUS 8, REMAINDER 1);
CREATE TABLE records_2 PARTITION OF records FOR VALUES WITH (MODULUS 8, REMAINDER 2);
CREATE TABLE records_3 PARTITION OF records FOR VALUES WITH (MODULUS 8, REMAINDER 3);
CREATE TABLE records_4 PARTITION OF records FOR VALUES WITH (MODULUS 8, REMAINDER 4);
CREATE TABLE records_5 PARTITION OF records FOR VALUES WITH (MODULUS 8, REMAINDER 5);
CREATE TABLE records_6 PARTITION OF records FOR VALUES WITH (MODULUS 8, REMAINDER 6);
CREATE TABLE records_7 PARTITION OF records FOR VALUES WITH (MODULUS 8, REMAINDER 7);
CREATE INDEX records_batch ON records (tenant, batch, row);

-- GLOBAL: everybody on this cloud reads it, the tenant that wrote a row may change it.
CREATE TABLE globals (
	tenant  uuid     NOT NULL,
	row     uuid     NOT NULL,
	version bigint   NOT NULL CHECK (version > 0),
	batch   bigint   NOT NULL DEFAULT 0,
	scope   smallint NOT NULL DEFAULT 4 CHECK (scope = 4),
	at      timestamptz NOT NULL DEFAULT date_trunc('hour', now()),
	body    bytea    NOT NULL CHECK (octet_length(body) BETWEEN 60 AND 1048576 AND substring(body, 1, 4) = '\x455a4731'),
	PRIMARY KEY (tenant, row)
);
CREATE INDEX globals_batch ON globals (batch, tenant, row);

-- The signed membership chain; the keys of epochs, wrapped to devices; wishes to join.
CREATE TABLE entries (
	tenant uuid   NOT NULL,
	seq    bigint NOT NULL CHECK (seq >= 0),
	entry  bytea  NOT NULL CHECK (octet_length(entry) < 100000),
	PRIMARY KEY (tenant, seq)
);
CREATE TABLE wraps (
	tenant uuid   NOT NULL,
	device uuid   NOT NULL,
	epoch  bigint NOT NULL,
	author uuid   NOT NULL, -- one that wraps garbage must not keep others from wrapping the key
	wrap   bytea  NOT NULL CHECK (octet_length(wrap) < 10000),
	PRIMARY KEY (tenant, device, epoch, author)
);
CREATE TABLE joins (
	tenant  uuid  NOT NULL,
	login   text  NOT NULL DEFAULT session_user,
	request bytea NOT NULL CHECK (octet_length(request) < 20000),
	PRIMARY KEY (tenant, login)
);

-- +goose StatementBegin
CREATE FUNCTION tenant() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT tenant FROM elderzan.logins WHERE login = session_user AND admitted $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION guest() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT tenant FROM elderzan.logins WHERE login = session_user $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION device() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT device FROM elderzan.logins WHERE login = session_user AND admitted $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION writes() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce((SELECT writes FROM elderzan.logins WHERE login = session_user AND admitted), false) $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION manages() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce((SELECT manages FROM elderzan.logins WHERE login = session_user AND admitted), false) $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION channel() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT h.channel FROM elderzan.heads h JOIN elderzan.logins l ON l.tenant = h.tenant WHERE l.login = session_user $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION begin_batch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	UPDATE elderzan.heads SET batch = batch + 1
	WHERE heads.tenant = CASE TG_TABLE_NAME WHEN 'globals' THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE elderzan.tenant() END;
	RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION number_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND (NEW.tenant <> OLD.tenant OR NEW.row <> OLD.row OR NEW.version <> OLD.version + 1) THEN
		RAISE EXCEPTION 'a row goes from one version to the next' USING ERRCODE = 'check_violation';
	END IF;
	SELECT h.batch INTO NEW.batch FROM elderzan.heads h
	WHERE h.tenant = CASE WHEN TG_ARGV[0] = 'globals' THEN '00000000-0000-0000-0000-000000000000'::uuid ELSE NEW.tenant END;
	NEW.at := date_trunc('hour', now());
	RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_TABLE_NAME = 'globals' THEN
		PERFORM pg_notify(h.channel, '') FROM elderzan.heads h WHERE h.tenant <> '00000000-0000-0000-0000-000000000000';
	ELSE
		PERFORM pg_notify(h.channel, '') FROM elderzan.heads h WHERE h.tenant = elderzan.guest();
	END IF;
	RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION first_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NEW.version <> 1 THEN
		RAISE EXCEPTION 'a row begins with version 1' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER begin_batch BEFORE INSERT OR UPDATE ON records FOR EACH STATEMENT EXECUTE FUNCTION begin_batch();
CREATE TRIGGER begin_batch BEFORE INSERT OR UPDATE ON globals FOR EACH STATEMENT EXECUTE FUNCTION begin_batch();
CREATE TRIGGER number_row BEFORE INSERT OR UPDATE ON records FOR EACH ROW EXECUTE FUNCTION number_row('records');
CREATE TRIGGER number_row BEFORE INSERT OR UPDATE ON globals FOR EACH ROW EXECUTE FUNCTION number_row('globals');
CREATE TRIGGER first_version AFTER INSERT ON records FOR EACH ROW EXECUTE FUNCTION first_version();
CREATE TRIGGER first_version AFTER INSERT ON globals FOR EACH ROW EXECUTE FUNCTION first_version();
CREATE TRIGGER tell AFTER INSERT OR UPDATE ON records FOR EACH STATEMENT EXECUTE FUNCTION tell();
CREATE TRIGGER tell AFTER INSERT OR UPDATE ON globals FOR EACH STATEMENT EXECUTE FUNCTION tell();
CREATE TRIGGER tell AFTER INSERT ON entries FOR EACH STATEMENT EXECUTE FUNCTION tell();
CREATE TRIGGER tell AFTER INSERT ON wraps FOR EACH STATEMENT EXECUTE FUNCTION tell();
CREATE TRIGGER tell AFTER INSERT ON joins FOR EACH STATEMENT EXECUTE FUNCTION tell();

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['logins', 'heads', 'records', 'records_0', 'records_1', 'records_2', 'records_3', 'records_4',
		'records_5', 'records_6', 'records_7', 'globals', 'entries', 'wraps', 'joins'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
	END LOOP;
	FOREACH t IN ARRAY ARRAY['records', 'entries', 'wraps', 'joins'] LOOP
		EXECUTE format('CREATE POLICY guard ON %I AS RESTRICTIVE FOR ALL TO elderzan_member USING (tenant = (SELECT guest())) WITH CHECK (tenant = (SELECT guest()))', t);
	END LOOP;
END $$;
-- +goose StatementEnd

-- The functions above run as the owner, which FORCE subjects to policies as well.
CREATE POLICY own ON logins FOR ALL TO elderzan_owner, elderzan_provisioner USING (true) WITH CHECK (true);
CREATE POLICY own ON heads FOR ALL TO elderzan_owner, elderzan_provisioner USING (true) WITH CHECK (true);
CREATE POLICY own ON joins FOR DELETE TO elderzan_provisioner USING (true);
CREATE POLICY own_read ON joins FOR SELECT TO elderzan_provisioner USING (true);

CREATE POLICY read ON records FOR SELECT TO elderzan_member USING (tenant = (SELECT tenant()));
CREATE POLICY add ON records FOR INSERT TO elderzan_member WITH CHECK (tenant = (SELECT tenant()) AND (SELECT writes()));
CREATE POLICY change ON records FOR UPDATE TO elderzan_member USING (tenant = (SELECT tenant()) AND (SELECT writes()))
	WITH CHECK (tenant = (SELECT tenant()) AND (SELECT writes()));

CREATE POLICY guard_read ON globals AS RESTRICTIVE FOR SELECT TO elderzan_member USING ((SELECT tenant()) IS NOT NULL);
CREATE POLICY guard_add ON globals AS RESTRICTIVE FOR INSERT TO elderzan_member WITH CHECK (tenant = (SELECT tenant()));
CREATE POLICY guard_change ON globals AS RESTRICTIVE FOR UPDATE TO elderzan_member USING (tenant = (SELECT tenant())) WITH CHECK (tenant = (SELECT tenant()));
CREATE POLICY guard_drop ON globals AS RESTRICTIVE FOR DELETE TO elderzan_member USING (false);
CREATE POLICY read ON globals FOR SELECT TO elderzan_member USING (scope = 4);
CREATE POLICY add ON globals FOR INSERT TO elderzan_member WITH CHECK (tenant = (SELECT tenant()) AND (SELECT writes()));
CREATE POLICY change ON globals FOR UPDATE TO elderzan_member USING (tenant = (SELECT tenant()) AND (SELECT writes()))
	WITH CHECK (tenant = (SELECT tenant()) AND (SELECT writes()));

CREATE POLICY read ON entries FOR SELECT TO elderzan_member USING (tenant = (SELECT guest()));
CREATE POLICY add ON entries FOR INSERT TO elderzan_member WITH CHECK (tenant = (SELECT tenant()));
CREATE POLICY read ON wraps FOR SELECT TO elderzan_member USING (tenant = (SELECT guest()));
CREATE POLICY add ON wraps FOR INSERT TO elderzan_member WITH CHECK (tenant = (SELECT tenant()) AND author = (SELECT device()));
CREATE POLICY read ON joins FOR SELECT TO elderzan_member USING (tenant = (SELECT tenant()) OR login = session_user);
CREATE POLICY add ON joins FOR INSERT TO elderzan_member WITH CHECK (tenant = (SELECT guest()) AND login = session_user);
CREATE POLICY change ON joins FOR UPDATE TO elderzan_member USING (login = session_user) WITH CHECK (login = session_user);

GRANT SELECT, INSERT (tenant, row, version, body), UPDATE (version, body) ON records, globals TO elderzan_member;
GRANT SELECT, INSERT (tenant, seq, entry) ON entries TO elderzan_member;
GRANT SELECT, INSERT (tenant, device, epoch, author, wrap) ON wraps TO elderzan_member;
GRANT SELECT, INSERT (tenant, request), UPDATE (request) ON joins TO elderzan_member;
GRANT SELECT, INSERT, UPDATE, DELETE ON logins, heads TO elderzan_provisioner;
GRANT SELECT, DELETE ON joins TO elderzan_provisioner;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA elderzan FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenant(), guest(), device(), writes(), manages(), channel() TO elderzan_member, elderzan_provisioner;
