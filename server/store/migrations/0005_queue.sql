-- What the queue keeps beside 0004: where a claim that runs out goes back to, the undo window, the outcome.
ALTER TABLE work_items
    -- 'suspected' or 'confirmed': the state an unclaimed item has
    ADD COLUMN certainty text NOT NULL DEFAULT 'confirmed' CHECK (certainty IN ('suspected', 'confirmed')),
    -- the state to which an undo returns
    ADD COLUMN settled_from text CHECK (settled_from IN ('claimed', 'on_scene')),
    -- how it ended; stays when the item is closed
    ADD COLUMN outcome text CHECK (outcome IN ('resolved', 'false_alarm')),
    -- end of the undo window: `dispatch` closes the item then
    ADD COLUMN closes_at timestamptz,
    ADD COLUMN closed_by text;

UPDATE work_items SET certainty = 'suspected' WHERE state = 'suspected';
UPDATE work_items SET closes_at = last_at, outcome = state WHERE state IN ('resolved', 'false_alarm');
UPDATE work_items SET closed_at = coalesce(closed_at, last_at), owner = NULL, lease_until = NULL WHERE state = 'closed';

ALTER TABLE work_items
    ADD CONSTRAINT work_items_settled CHECK ((closes_at IS NOT NULL) = (state IN ('resolved', 'false_alarm'))),
    ADD CONSTRAINT work_items_closed CHECK ((closed_at IS NOT NULL) = (state = 'closed')),
    ADD CONSTRAINT work_items_held CHECK (state NOT IN ('claimed', 'on_scene') OR owner IS NOT NULL),
    ADD CONSTRAINT work_items_free CHECK (state NOT IN ('suspected', 'open', 'closed') OR owner IS NULL);
CREATE INDEX work_items_closing ON work_items (closes_at) WHERE closes_at IS NOT NULL;
CREATE INDEX work_items_site ON work_items (site, exercise, opened_at DESC);

-- One open alert a hazard and place is the engine's promise, kept under the lock of its state. As a unique index it would
-- turn a broken promise into an alarm that cannot be stored: a second alert is the lesser evil, so this only finds.
DROP INDEX alerts_one_open;
CREATE INDEX alerts_open ON alerts (site, exercise, hazard, place) WHERE closed_at IS NULL;

ALTER TABLE silences
    ADD COLUMN approved_at timestamptz,
    ADD COLUMN ended_by text,
    ADD COLUMN ended_at timestamptz;
CREATE INDEX silences_site ON silences (site, ends_at);

-- Work that is due again and again (rollups, retention): whoever takes the row does it.
CREATE TABLE job_timers (
    name text PRIMARY KEY,
    due_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    last_error text
);

-- A place and everything above it, nearest first.
CREATE FUNCTION places_above(start text)
    RETURNS TABLE (distance integer, id text, level text, name_zh text, name_en text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 9 AS $$
    WITH RECURSIVE above AS (
        SELECT 0 AS distance, p.id, p.level, p.name_zh, p.name_en, p.parent FROM places p WHERE p.id = start
        UNION ALL
        SELECT a.distance + 1, p.id, p.level, p.name_zh, p.name_en, p.parent
        FROM above a JOIN places p ON p.id = a.parent
        WHERE a.distance < 20
    )
    SELECT distance, id, level, name_zh, name_en FROM above ORDER BY distance
$$;

-- A place and everything below it.
CREATE FUNCTION places_below(start text) RETURNS TABLE (id text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 200 AS $$
    WITH RECURSIVE below AS (
        SELECT p.id, 0 AS depth FROM places p WHERE p.id = start
        UNION ALL
        SELECT p.id, b.depth + 1 FROM below b JOIN places p ON p.parent = b.id WHERE b.depth < 20
    )
    SELECT id FROM below
$$;
