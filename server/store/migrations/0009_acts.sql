-- Acts that came in with an idempotency key, and the answers they got: the same key again gets the same bytes.
CREATE TABLE acts_done (
    key uuid PRIMARY KEY,
    person uuid NOT NULL REFERENCES people (id),
    item uuid NOT NULL REFERENCES work_items (id),
    act text NOT NULL,
    -- SHA-256 of what was asked for: a key that comes back with something else is refused
    digest text NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    -- an act that was refused has its line in the item's history
    noted boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL
);
CREATE INDEX acts_done_at ON acts_done (at);

-- A device's newest event, for the lists of devices.
CREATE INDEX events_device ON events (device_key, time DESC);

-- Who answers at a place, for a work item's contacts.
CREATE INDEX grants_place ON grants (place) WHERE place IS NOT NULL;
CREATE INDEX grants_company ON grants (company) WHERE company IS NOT NULL;
