-- Boxes, their devices, and how much of each outbox the server holds.
CREATE TABLE boxes (
    box text PRIMARY KEY,
    site text NOT NULL REFERENCES places (id),
    -- false: the broker let it in, but nobody has registered it yet
    registered boolean NOT NULL DEFAULT false,
    online boolean NOT NULL DEFAULT false,
    offline_reason text,
    epoch text,
    epoch_since timestamptz,
    boot text,
    version text,
    os text,
    clock_synced boolean,
    -- device clock minus receive time at the last envelope; positive: the box is ahead
    clock_offset_ms bigint,
    -- an epoch that was replaced came back with new items: two machines use one name
    twin_seen_at timestamptz,
    last_seen_at timestamptz,
    state_at timestamptz,
    -- SHA-256 of the last state message taken: the same one again is no news
    state_digest text,
    first_seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX boxes_site ON boxes (site);

CREATE TABLE devices (
    device_key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    box text NOT NULL REFERENCES boxes (box),
    device text NOT NULL,
    -- false: seen in items, but in no birth message of its box
    announced boolean NOT NULL DEFAULT false,
    kind text NOT NULL DEFAULT 'other',
    model text,
    label text,
    place text REFERENCES places (id),
    heartbeat_s double precision,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT devices_once UNIQUE (box, device)
);

-- One row per lane of an outbox file. The row is locked by whoever stores items of it.
CREATE TABLE box_progress (
    box text NOT NULL REFERENCES boxes (box),
    epoch text NOT NULL,
    lane text NOT NULL CHECK (lane IN ('alarm', 'telemetry')),
    progress_key integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    -- sequence numbers that are stored, quarantined or declared dropped
    received int8multirange NOT NULL DEFAULT '{}',
    -- those among them that the box declared dropped
    dropped int8multirange NOT NULL DEFAULT '{}',
    quarantined bigint NOT NULL DEFAULT 0,
    duplicates bigint NOT NULL DEFAULT 0,
    -- since when the received ranges have a hole; null: none
    hole_since timestamptz,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (box, epoch, lane)
);

-- What is known of a box's clock in one boot: wall time = monotonic time + offset.
CREATE TABLE box_boots (
    box text NOT NULL REFERENCES boxes (box),
    boot text NOT NULL,
    -- from a synchronised stamp where there was one (synced), else from the time of receipt
    offset_ms bigint NOT NULL,
    synced boolean NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (box, boot)
);

-- Whatever could not be stored as what it claims to be: kept whole, with the reason.
CREATE TABLE quarantine (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    topic text NOT NULL,
    box text,
    epoch text,
    lane text,
    seq bigint,
    code text NOT NULL,
    detail text NOT NULL,
    payload bytea NOT NULL,
    sha256 text NOT NULL,
    settled_at timestamptz,
    settled_how text,
    CONSTRAINT quarantine_once UNIQUE NULLS NOT DISTINCT (sha256, topic, seq)
);
CREATE INDEX quarantine_box ON quarantine (box, at);
