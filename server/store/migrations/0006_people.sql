-- People, what they are granted, and how they come in. Nobody is deleted: who left is disabled, and the history keeps the name.
CREATE TABLE people (
    id uuid PRIMARY KEY,
    -- the queue's actor and owner; never a name of the system's own
    login text NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9._-]{2,40}$' AND login NOT IN ('engine', 'dispatch')),
    name text NOT NULL CHECK (name <> '' AND length(name) <= 100),
    lang text NOT NULL DEFAULT 'zh' CHECK (lang IN ('zh', 'en')),
    -- argon2id; null: no log-in by password (a directory's account, or not set yet)
    password_hash text,
    password_changed_at timestamptz,
    must_change_password boolean NOT NULL DEFAULT false,
    -- who this is at an OpenID Connect provider; bound at the first log-in there
    oidc_issuer text,
    oidc_subject text,
    on_duty boolean NOT NULL DEFAULT false,
    on_duty_since timestamptz,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    disabled_at timestamptz,
    CONSTRAINT people_oidc CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL)),
    CONSTRAINT people_duty CHECK (on_duty = (on_duty_since IS NOT NULL)),
    CONSTRAINT people_oidc_once UNIQUE (oidc_issuer, oidc_subject)
);

-- Places and companies are named, not referred to: a grant for what is not in the tree covers nothing, and says so in lists.
CREATE TABLE grants (
    person uuid NOT NULL REFERENCES people (id),
    role text NOT NULL CHECK (role IN ('admin', 'command', 'grid_worker', 'property_manager')),
    place text,
    company text,
    granted_by text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT grants_bound CHECK (
        (place IS NOT NULL AND place <> '') = (role IN ('command', 'grid_worker'))
        AND (company IS NOT NULL AND company <> '') = (role = 'property_manager'))
);
CREATE UNIQUE INDEX grants_once ON grants (person, role, coalesce(place, ''), coalesce(company, ''));

-- Of a secret only its SHA-256 is kept: it is 256 random bits, so nothing slower is needed.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    token_sha256 bytea NOT NULL UNIQUE,
    person uuid NOT NULL REFERENCES people (id),
    made_at timestamptz NOT NULL,
    -- written at most once a minute; the idle limit counts from here
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- a login, or why it ended by itself
    ended_by text,
    -- 'password' or 'oidc'
    how text NOT NULL CHECK (how IN ('password', 'oidc')),
    address text NOT NULL DEFAULT '',
    -- what the browser calls itself, for the person's own list
    agent text NOT NULL DEFAULT ''
);
CREATE INDEX sessions_person ON sessions (person) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE tokens (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
    secret_sha256 bytea NOT NULL,
    person uuid NOT NULL REFERENCES people (id),
    label text NOT NULL CHECK (label <> '' AND length(label) <= 100),
    read_only boolean NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text
);
CREATE INDEX tokens_person ON tokens (person);

-- Tries to log in, until they leave the longest window. `key` names an account, an address, or both, by a digest.
CREATE TABLE login_attempts (
    id uuid NOT NULL,
    key text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX login_attempts_key ON login_attempts (key, at);
CREATE INDEX login_attempts_at ON login_attempts (at);
CREATE INDEX login_attempts_id ON login_attempts (id);

CREATE TABLE duty_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person uuid NOT NULL REFERENCES people (id),
    on_duty boolean NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL
);
CREATE INDEX duty_log_person ON duty_log (person, id);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    -- who did it: a login, or how the command line was called; '' where nobody was logged in
    actor text NOT NULL,
    act text NOT NULL,
    -- whose account it was done to, or in
    person uuid REFERENCES people (id),
    -- a session, a token, a place …
    about text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}',
    address text NOT NULL DEFAULT ''
);
CREATE INDEX audit_log_person ON audit_log (person, id);

CREATE TRIGGER duty_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON duty_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Whoever keeps a stream open hears at the commit that a person's rights changed or a session ended, and asks again.
CREATE FUNCTION tell_people() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid;
BEGIN
    IF TG_TABLE_NAME = 'people' THEN
        changed := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        changed := OLD.person;
    ELSE
        changed := NEW.person;
    END IF;
    PERFORM pg_notify('rw_people', jsonb_build_object('person', changed)::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER grants_tell AFTER INSERT OR UPDATE OR DELETE ON grants
    FOR EACH ROW EXECUTE FUNCTION tell_people();
CREATE TRIGGER people_tell AFTER UPDATE ON people
    FOR EACH ROW WHEN (
        OLD.disabled_at IS DISTINCT FROM NEW.disabled_at
        OR OLD.must_change_password IS DISTINCT FROM NEW.must_change_password)
    EXECUTE FUNCTION tell_people();
CREATE TRIGGER sessions_tell AFTER UPDATE ON sessions
    FOR EACH ROW WHEN (OLD.ended_at IS DISTINCT FROM NEW.ended_at) EXECUTE FUNCTION tell_people();
CREATE TRIGGER tokens_tell AFTER UPDATE ON tokens
    FOR EACH ROW WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at) EXECUTE FUNCTION tell_people();

CREATE INDEX places_company ON places (company) WHERE company IS NOT NULL;

-- Every place that a scope covers: the same as Scope.covers in the program. Written so that a broken tree ends, too.
-- A function with a setting of its own is not merged into the query around it. That is wanted: merged, its recursion is taken
-- for hundreds of thousands of rows, no hash table is made of it, and a list over a city takes minutes instead of milliseconds.
CREATE FUNCTION places_in_scope(everything boolean, roots text[], served_by text[]) RETURNS TABLE (id text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 SET jit = off AS $$
    WITH RECURSIVE whole AS (  -- whoever has every city has every place: no need to walk down
        SELECT everything OR (NOT everything AND coalesce(
            (SELECT bool_and(p.id = ANY (roots)) FROM places p WHERE p.parent IS NULL), false)) AS tree
    ), within AS (
        SELECT p.id FROM places p
        WHERE NOT (SELECT whole.tree FROM whole) AND (p.id = ANY (roots) OR (p.level = 'compound' AND p.company = ANY (served_by)))
        UNION
        SELECT p.id FROM within w JOIN places p ON p.parent = w.id
    )
    SELECT within.id FROM within
    UNION ALL
    SELECT p.id FROM places p WHERE (SELECT whole.tree FROM whole)
$$;

-- The same holds for what lies below a place (0005).
ALTER FUNCTION places_below(text) SET jit = off;

-- A person's grants as they are checked: [{role, place, company}].
CREATE FUNCTION grants_of(someone uuid) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('role', g.role, 'place', g.place, 'company', g.company)
                              ORDER BY g.role, g.place, g.company), '[]')
    FROM grants g WHERE g.person = someone
$$;

-- The same as they are shown, with names; a place or company that is not in the tree (any more) has none.
CREATE FUNCTION grants_shown(someone uuid) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
               'role', g.role, 'place', g.place, 'company', g.company, 'level', p.level,
               'name_zh', coalesce(p.name_zh, c.name_zh), 'name_en', coalesce(p.name_en, c.name_en),
               'granted_by', g.granted_by, 'at', g.at)
               ORDER BY g.role, g.place, g.company), '[]')
    FROM grants g
    LEFT JOIN places p ON p.id = g.place
    LEFT JOIN companies c ON c.id = g.company
    WHERE g.person = someone
$$;
