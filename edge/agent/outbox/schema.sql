-- The box's outbox. `readings`, `events` and `gaps` hold items; a row leaves only when the server has it.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each epoch that still has rows; new items are minted in the current one alone (meta: epoch_id).
CREATE TABLE epochs (
    id INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL UNIQUE
) STRICT;

-- The last number given out. It outlives the rows, so a number never returns.
CREATE TABLE counters (
    epoch_id INTEGER NOT NULL,
    lane TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (epoch_id, lane)
) STRICT, WITHOUT ROWID;

-- Boot ids and exercise ids.
CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    metric TEXT NOT NULL,
    UNIQUE (device, metric)
) STRICT;

CREATE TABLE readings (
    epoch_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    boot_id INTEGER NOT NULL,
    synced INTEGER NOT NULL,
    exercise_id INTEGER NOT NULL, -- 0: none
    series_id INTEGER NOT NULL,
    value REAL NOT NULL,
    at_ms INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL,
    PRIMARY KEY (epoch_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    epoch_id INTEGER NOT NULL,
    lane TEXT NOT NULL,
    seq INTEGER NOT NULL,
    exercise_id INTEGER NOT NULL, -- 0: none
    item TEXT NOT NULL, -- the event as it goes on the wire
    PRIMARY KEY (epoch_id, lane, seq)
) STRICT, WITHOUT ROWID;

-- Telemetry that had to go. `sent` 1: it may have left, so it never changes again.
CREATE TABLE gaps (
    epoch_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    lo INTEGER NOT NULL,
    hi INTEGER NOT NULL,
    count INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (epoch_id, seq)
) STRICT, WITHOUT ROWID;

-- Single items that the server could not read. Alarms stay; of telemetry the newest thousand.
CREATE TABLE rejected (
    id INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL,
    lane TEXT NOT NULL,
    seq INTEGER NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    item TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

-- Commands that ran, the newest thousand.
CREATE TABLE commands (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
) STRICT;
