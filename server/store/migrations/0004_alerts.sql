-- The engine's state, the alerts it made, and the queue in which they stand.
CREATE TABLE rule_packs (
    hash text PRIMARY KEY,
    name text NOT NULL,
    source text NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT now()
);

-- One row per site and exercise ('' = real); locked by whoever steps the engine.
CREATE TABLE engine_state (
    site text NOT NULL REFERENCES places (id) ON DELETE CASCADE,
    exercise text NOT NULL DEFAULT '',
    pack_hash text NOT NULL REFERENCES rule_packs (hash),
    -- canonical JSON, kept as text: the same log gives the same bytes
    state text NOT NULL,
    -- (device|metric) pairs with something pending or active: their readings all go through the engine
    hot text[] NOT NULL DEFAULT '{}',
    wake_at timestamptz,
    steps bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, exercise)
);
CREATE INDEX engine_state_wake ON engine_state (wake_at) WHERE wake_at IS NOT NULL;

-- Places are named, not referred to, from here on: what happened stays when a place is removed.
CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    site text NOT NULL,
    exercise text NOT NULL DEFAULT '',
    hazard text NOT NULL,
    severity smallint NOT NULL CHECK (severity BETWEEN 1 AND 4),
    certainty text NOT NULL CHECK (certainty IN ('suspected', 'confirmed')),
    place text NOT NULL,
    rule text NOT NULL,
    pack_hash text NOT NULL REFERENCES rule_packs (hash),
    device text NOT NULL,
    first_item text NOT NULL,
    -- when it happened (corrected clock), and when the server raised it
    happened_at timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    condition_ended_at timestamptz,
    late_ms bigint NOT NULL DEFAULT 0,
    count integer NOT NULL DEFAULT 1,
    quiet text,
    quiet_by text,
    closed_at timestamptz
);
CREATE UNIQUE INDEX alerts_one_open ON alerts (site, exercise, hazard, place) WHERE closed_at IS NULL;
CREATE INDEX alerts_site ON alerts (site, raised_at DESC);

-- Every decision of the engine about an alert, in order; the answer to "why did this fire?".
CREATE TABLE alert_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert uuid NOT NULL REFERENCES alerts (id),
    at timestamptz NOT NULL,
    happened_at timestamptz NOT NULL,
    decision text NOT NULL,
    item text NOT NULL,
    device text NOT NULL,
    severity smallint,
    certainty text,
    quiet text,
    quiet_by text,
    why jsonb NOT NULL
);
CREATE INDEX alert_log_alert ON alert_log (alert, id);

-- Items that raised nothing: the answer to "why was nobody told?".
CREATE TABLE suppressions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    happened_at timestamptz NOT NULL,
    site text NOT NULL,
    exercise text NOT NULL DEFAULT '',
    item text NOT NULL,
    device text NOT NULL,
    reason text NOT NULL,
    rule text NOT NULL,
    detail text NOT NULL
);
CREATE INDEX suppressions_site ON suppressions (site, at DESC);

CREATE TABLE silences (
    id text PRIMARY KEY,
    site text NOT NULL,
    exercise text NOT NULL DEFAULT '',
    matchers jsonb NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    author text NOT NULL,
    comment text NOT NULL,
    second_person text,
    made_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT silences_end_after_start CHECK (ends_at > starts_at),
    CONSTRAINT silences_two_people CHECK (second_person IS NULL OR second_person <> author)
);

CREATE TABLE work_items (
    id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    alert uuid UNIQUE REFERENCES alerts (id),
    exercise text NOT NULL DEFAULT '',
    grid text NOT NULL,
    site text NOT NULL,
    place text NOT NULL,
    hazard text NOT NULL,
    severity smallint NOT NULL CHECK (severity BETWEEN 1 AND 4),
    state text NOT NULL CHECK (state IN (
        'suspected', 'open', 'claimed', 'on_scene', 'resolved', 'false_alarm', 'closed')),
    -- told to nobody for now (a silence, an inhibition); still in the list, marked
    quiet text,
    owner text,
    lease_until timestamptz,
    deadline_at timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    last_at timestamptz NOT NULL,
    count integer NOT NULL DEFAULT 1,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT work_items_claim CHECK ((owner IS NULL) = (lease_until IS NULL))
);
CREATE INDEX work_items_queue ON work_items (grid, exercise, severity, deadline_at) WHERE closed_at IS NULL;
CREATE INDEX work_items_lease ON work_items (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE work_item_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item uuid NOT NULL REFERENCES work_items (id),
    at timestamptz NOT NULL,
    -- a person, or 'engine', 'dispatch'
    actor text NOT NULL,
    act text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    level text NOT NULL DEFAULT 'grid',
    reason text NOT NULL DEFAULT '',
    version integer NOT NULL,
    data jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX work_item_history_item ON work_item_history (item, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER work_item_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON work_item_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER alert_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON alert_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
