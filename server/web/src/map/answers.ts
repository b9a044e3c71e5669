/** What the server says about places. Shapes of the API, by name; positions are WGS-84, longitude first. */
import type { FeatureCollection, MultiPolygon, Point } from "geojson";

import type { PlaceName } from "@/api/types";

export interface MapProperties {
  what: "place" | "point";
  level: string | null;
  kind: string | null;
  parent: string | null;
  name_zh: string;
  name_en: string;
}
export type PlacesMap = FeatureCollection<MultiPolygon | Point, MapProperties>;

export interface Place extends PlaceName {
  parent: string | null;
  children: number;
}
export interface PlaceDetail {
  place: Place;
  path: PlaceName[];
  children: Place[];
  counts: {
    grids: number;
    compounds: number;
    boxes: number;
    boxes_online: number;
    devices: number;
    open_items: number;
  };
}
