-- Which transaction changed the tree of places last. Who sees what hangs on it, and the live stream keeps paths in memory:
-- after a change it reads everything anew.
CREATE TABLE tree_changed (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    changed_xid xid8 NOT NULL
);
INSERT INTO tree_changed (changed_xid) VALUES (pg_current_xact_id());

-- Once a transaction, however many places it touches.
CREATE FUNCTION mark_tree_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tree_changed SET changed_xid = pg_current_xact_id() WHERE changed_xid <> pg_current_xact_id();
    RETURN NULL;
END
$$;
CREATE TRIGGER places_mark AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON places
    FOR EACH STATEMENT EXECUTE FUNCTION mark_tree_change();
