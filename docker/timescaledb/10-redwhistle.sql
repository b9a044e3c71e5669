-- Run once, when the database folder is empty. The schema itself is made by `redwhistle db migrate`.
CREATE EXTENSION IF NOT EXISTS timescaledb;
ALTER DATABASE redwhistle SET timezone TO 'UTC';
-- A committed alarm is on disk: never turn these off to gain speed.
ALTER DATABASE redwhistle SET synchronous_commit TO on;
