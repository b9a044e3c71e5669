-- Evidence: one blurred picture of an alarm, kept for a short time, and who looked at it.

-- The row stays as a part of the ledger; the picture in it goes when its time is over.
CREATE TABLE evidence (
    -- minted by the box: the same picture sent again is the same row
    id uuid PRIMARY KEY,
    box text NOT NULL,
    epoch text NOT NULL,
    device text NOT NULL,
    -- the alarm event that it belongs to, by the id that the box gave it
    event uuid NOT NULL,
    -- named, not referred to: what happened stays when a place is removed
    site text NOT NULL,
    place text NOT NULL,
    exercise text NOT NULL DEFAULT '',
    -- when the frame was taken: corrected, and as the device's clock said
    taken_at timestamptz NOT NULL,
    device_at timestamptz NOT NULL,
    time_source smallint NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL,
    -- from then on nobody sees it, whether or not the picture is gone already
    expires_at timestamptz NOT NULL,
    width_px integer NOT NULL CHECK (width_px BETWEEN 1 AND 1920),
    height_px integer NOT NULL CHECK (height_px BETWEEN 1 AND 1920),
    -- how many regions of people were made unrecognisable, beside what `method` does to the whole frame
    people_blurred integer NOT NULL CHECK (people_blurred >= 0),
    method text NOT NULL,
    jpeg_bytes integer NOT NULL CHECK (jpeg_bytes BETWEEN 1 AND 65536),
    sha256 text NOT NULL,
    jpeg bytea,
    removed_at timestamptz,
    -- 'expired': its time was over; 'displaced': its box sent more than is kept of one
    removed_why text CHECK (removed_why IN ('expired', 'displaced')),
    -- whether it was looked up to which alert it belongs, and an alert was found
    tied boolean NOT NULL DEFAULT false,
    CONSTRAINT evidence_removed CHECK (
        (jpeg IS NULL) = (removed_at IS NOT NULL) AND (removed_at IS NULL) = (removed_why IS NULL)),
    CONSTRAINT evidence_size CHECK (jpeg IS NULL OR octet_length(jpeg) = jpeg_bytes),
    CONSTRAINT evidence_ends CHECK (expires_at > received_at)
);
-- A JPEG does not get smaller.
ALTER TABLE evidence ALTER COLUMN jpeg SET STORAGE EXTERNAL;
CREATE INDEX evidence_received ON evidence (received_at DESC, id DESC);
CREATE INDEX evidence_kept ON evidence (box, received_at) WHERE jpeg IS NOT NULL;
CREATE INDEX evidence_expiring ON evidence (expires_at) WHERE jpeg IS NOT NULL;
CREATE INDEX evidence_untied ON evidence (received_at) WHERE NOT tied;

-- The alerts that its event raised, repeated or confirmed.
CREATE TABLE evidence_alerts (
    evidence uuid NOT NULL REFERENCES evidence (id),
    alert uuid NOT NULL REFERENCES alerts (id),
    PRIMARY KEY (alert, evidence)
);
CREATE INDEX evidence_alerts_evidence ON evidence_alerts (evidence);
CREATE INDEX alert_log_item ON alert_log (item);

-- Pictures that can be looked at now, for the queue's list.
ALTER TABLE work_items ADD COLUMN evidence integer NOT NULL DEFAULT 0 CHECK (evidence >= 0);

-- Who looked at what: written in the transaction that reads the picture.
CREATE TABLE evidence_views (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    evidence uuid NOT NULL REFERENCES evidence (id),
    at timestamptz NOT NULL,
    -- the login; a name given on the command line where there is none
    person text NOT NULL,
    -- by which door: 'api' or 'cli'
    door text NOT NULL CHECK (door IN ('api', 'cli')),
    address text NOT NULL DEFAULT '',
    -- the work item in which it was opened
    item uuid
);
CREATE INDEX evidence_views_evidence ON evidence_views (evidence, id);
CREATE INDEX evidence_views_person ON evidence_views (person, id);
CREATE TRIGGER evidence_views_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_views
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evidence_stays BEFORE DELETE OR TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
