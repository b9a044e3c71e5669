/** What the server says about places, by name; positions are WGS-84, longitude first. */
import type { FeatureCollection, MultiPolygon, Point } from "geojson";

import type { components } from "@/generated/api";

type Schemas = components["schemas"];

export type PlaceDetail = Schemas["PlaceDetail"];
export type MapProperties = Schemas["MapProperties"];
/** `PlacesMap` of the API, with the coordinates that its geometry types promise. */
export type PlacesMap = FeatureCollection<MultiPolygon | Point, MapProperties>;
