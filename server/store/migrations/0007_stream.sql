-- The live stream: which transaction made a row what people see of it. A reader that knows the oldest transaction that was
-- still running when it last read (its position) asks for all rows changed by that one or a later one, and misses nothing.
ALTER TABLE work_items
    ADD COLUMN changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- grows with each change of the row: of two pictures of an item the one with the higher mark is the newer
    ADD COLUMN mark bigint NOT NULL DEFAULT 1;
CREATE INDEX work_items_changed ON work_items (changed_xid);

CREATE FUNCTION mark_item_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id();
    NEW.mark := OLD.mark + 1;
    RETURN NEW;
END
$$;
CREATE TRIGGER work_items_mark BEFORE UPDATE ON work_items
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION mark_item_change();

-- Something that is shown with an item but stands elsewhere (evidence) has changed: those who look are told at the commit.
CREATE FUNCTION touch_item(touched uuid) RETURNS void LANGUAGE sql AS $$
    WITH marked AS (
        UPDATE work_items SET mark = mark + 1 WHERE id = touched RETURNING *
    )
    SELECT pg_notify('rw_queue', jsonb_build_object(
        'item', w.id, 'number', w.number, 'alert', w.alert, 'grid', w.grid, 'site', w.site, 'place', w.place,
        'exercise', w.exercise, 'hazard', w.hazard, 'severity', w.severity, 'certainty', w.certainty, 'state', w.state,
        'quiet', w.quiet, 'owner', w.owner, 'count', w.count, 'version', w.version)::text)
    FROM marked w
$$;

-- Of a box only what the stream shows counts: being seen once more, as each envelope does, is no change.
ALTER TABLE boxes ADD COLUMN changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX boxes_changed ON boxes (changed_xid);

CREATE FUNCTION mark_box_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id();
    PERFORM pg_notify('rw_boxes', NEW.box);
    RETURN NEW;
END
$$;
CREATE TRIGGER boxes_mark BEFORE UPDATE OF site, online, offline_reason, clock_synced ON boxes
    FOR EACH ROW WHEN (
        (OLD.site, OLD.online, OLD.offline_reason, OLD.clock_synced)
        IS DISTINCT FROM (NEW.site, NEW.online, NEW.offline_reason, NEW.clock_synced))
    EXECUTE FUNCTION mark_box_change();

CREATE FUNCTION tell_new_box() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('rw_boxes', NEW.box);
    RETURN NULL;
END
$$;
CREATE TRIGGER boxes_tell AFTER INSERT ON boxes FOR EACH ROW EXECUTE FUNCTION tell_new_box();
