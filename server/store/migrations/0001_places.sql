-- The tree of places: five levels of governance, then compound, building, unit and ten-household group.
CREATE TABLE companies (
    id text PRIMARY KEY,
    name_zh text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    red boolean NOT NULL DEFAULT false
);

CREATE TABLE places (
    id text PRIMARY KEY,
    parent text REFERENCES places (id) DEFERRABLE INITIALLY DEFERRED,
    level text NOT NULL CHECK (level IN (
        'city', 'district', 'street', 'community', 'grid', 'compound', 'building', 'unit', 'household_group')),
    name_zh text NOT NULL,
    name_en text NOT NULL DEFAULT '',
    company text REFERENCES companies (id) DEFERRABLE INITIALLY DEFERRED,
    -- IANA name; null: Asia/Shanghai
    time_zone text,
    tags text[] NOT NULL DEFAULT '{}',
    households integer,
    contact_roles text[] NOT NULL DEFAULT '{}',
    -- GeoJSON coordinates of a MultiPolygon and of a Point, WGS-84
    polygon jsonb,
    location jsonb,
    CONSTRAINT places_root_is_city CHECK ((parent IS NULL) = (level = 'city'))
);
CREATE INDEX places_parent ON places (parent);

CREATE TABLE points (
    id text PRIMARY KEY,
    place text NOT NULL REFERENCES places (id) DEFERRABLE INITIALLY DEFERRED,
    kind text NOT NULL,
    name_zh text NOT NULL DEFAULT '',
    name_en text NOT NULL DEFAULT '',
    location jsonb NOT NULL
);
CREATE INDEX points_place ON points (place);
