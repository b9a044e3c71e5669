-- Time series. Hypertables where TimescaleDB is there (see edition.py), plain tables elsewhere.
CREATE TABLE metrics (
    metric_key smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
);

-- Wide columns first: no padding. `time` is the corrected time; `device_at` is what the device's clock said.
CREATE TABLE readings (
    time timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    device_at timestamptz NOT NULL,
    value double precision NOT NULL,
    seq bigint NOT NULL,
    progress_key integer NOT NULL,
    device_key integer NOT NULL,
    exercise_key integer NOT NULL DEFAULT 0,
    metric_key smallint NOT NULL,
    -- 0 as sent; 1 corrected by the age at sending; 2 by the boot's known offset; 3 clamped to the receive time
    time_source smallint NOT NULL DEFAULT 0
);

CREATE TABLE events (
    time timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    device_at timestamptz NOT NULL,
    id uuid NOT NULL,
    seq bigint NOT NULL,
    progress_key integer NOT NULL,
    device_key integer NOT NULL,
    exercise_key integer NOT NULL DEFAULT 0,
    time_source smallint NOT NULL DEFAULT 0,
    active boolean NOT NULL,
    test boolean NOT NULL DEFAULT false,
    site text NOT NULL,
    place text NOT NULL,
    kind text NOT NULL,
    data jsonb NOT NULL
);

-- Names of exercises for the narrow columns above; 0 is what is real.
CREATE TABLE exercises (
    exercise_key integer PRIMARY KEY,
    exercise text NOT NULL UNIQUE
);
INSERT INTO exercises VALUES (0, '');
CREATE SEQUENCE exercise_keys MINVALUE 1;

-- Minutes that got new readings and are not rolled up yet (used where rollups are maintained tables).
CREATE TABLE rollup_pending (
    minute timestamptz NOT NULL,
    device_keys integer[] NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rollup_pending_minute ON rollup_pending (minute);
