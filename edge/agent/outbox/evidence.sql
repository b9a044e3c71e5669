-- Blurred pictures that wait for the server, in a file of their own: never in the way of alarms.
CREATE TABLE evidence (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    event TEXT NOT NULL,
    device TEXT NOT NULL,
    place TEXT,
    exercise TEXT,
    at_ms INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL,
    boot TEXT NOT NULL,
    synced INTEGER NOT NULL,
    width_px INTEGER NOT NULL,
    height_px INTEGER NOT NULL,
    people_blurred INTEGER NOT NULL,
    method TEXT NOT NULL,
    jpeg BLOB NOT NULL
) STRICT;

-- What had to go unsent, by reason.
CREATE TABLE given_up (
    reason TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
