/** The map's style: a blank ground, our own outlines and points, tiles only where the operator has set a server. Pure. */
import type { LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import type { FeatureCollection } from "geojson";

import type { Datum } from "@/map/datum";
import type { Palette } from "@/map/marks";

export interface Tiles {
  url: string;
  attribution: string;
  datum: Datum;
}

const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };
const FONT = ["PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", "sans-serif"];
/** Devices stand alone from here on; below they are counted in circles. */
export const DEVICES_FROM_ZOOM = 16;

export const SOURCES = {
  places: "places",
  names: "names",
  points: "points",
  devices: "devices",
  alerts: "alerts",
} as const;

export function styleOf(
  palette: Palette,
  tiles: Tiles | null,
  names: "name_zh" | "name_en",
): StyleSpecification {
  const sources: Record<string, SourceSpecification> = {
    [SOURCES.places]: { type: "geojson", data: NOTHING },
    [SOURCES.names]: { type: "geojson", data: NOTHING },
    [SOURCES.points]: { type: "geojson", data: NOTHING },
    [SOURCES.devices]: {
      type: "geojson",
      data: NOTHING,
      cluster: true,
      clusterMaxZoom: DEVICES_FROM_ZOOM - 1,
      clusterRadius: 48,
      clusterProperties: { stale: ["+", ["get", "stale"]], alarmed: ["+", ["get", "alarmed"]] },
    },
    [SOURCES.alerts]: { type: "geojson", data: NOTHING },
  };
  if (tiles)
    sources["tiles"] = { type: "raster", tiles: [tiles.url], tileSize: 256, attribution: tiles.attribution };
  return {
    version: 8,
    sources,
    layers: [
      { id: "ground", type: "background", paint: { "background-color": palette("surface") } },
      ...(tiles ? [{ id: "tiles", type: "raster", source: "tiles" } as const] : []),
      ...placeLayers(palette, tiles !== null, names),
      ...deviceLayers(palette),
      ...alertLayers(palette),
    ],
  };
}

function placeLayers(palette: Palette, overTiles: boolean, names: string): LayerSpecification[] {
  const { places, points, names: anchors } = SOURCES;
  const level = (...levels: string[]): ["in", ["get", "level"], ["literal", string[]]] => [
    "in",
    ["get", "level"],
    ["literal", levels],
  ];
  return [
    {
      id: "place-fill",
      type: "fill",
      source: places,
      filter: level("grid", "compound"),
      paint: {
        "fill-color": palette("ground"),
        "fill-opacity": overTiles ? 0.15 : ["match", ["get", "level"], "compound", 0.9, 0.55],
      },
    },
    {
      id: "place-line",
      type: "line",
      source: places,
      paint: {
        "line-color": ["match", ["get", "level"], ["grid", "compound"], palette("line"), palette("second")],
        "line-width": ["match", ["get", "level"], "compound", 1.5, "grid", 1, 2.5],
        "line-dasharray": ["match", ["get", "level"], "grid", ["literal", [3, 2]], ["literal", [1, 0]]],
      },
    },
    {
      id: "point-icon",
      type: "symbol",
      source: points,
      minzoom: 15,
      layout: { "icon-image": ["get", "icon"], "icon-allow-overlap": true, "icon-size": 0.9 },
    },
    ...(["district", "street", "grid", "compound"] as const).map((name): LayerSpecification => ({
      id: `place-name-${name}`,
      type: "symbol",
      source: anchors,
      filter: level(name),
      ...ZOOMS[name],
      layout: {
        "text-field": ["coalesce", ["get", names], ["get", "name_zh"]],
        "text-font": FONT,
        "text-size": name === "compound" ? 12 : 13,
        "text-max-width": 8,
        "text-padding": 4,
      },
      paint: {
        "text-color": name === "compound" ? palette("ink") : palette("second"),
        "text-halo-color": palette("ground"),
        "text-halo-width": 1.5,
      },
    })),
  ];
}

/** Where a level's names are worth their room. */
const ZOOMS = {
  district: { maxzoom: 13 },
  street: { minzoom: 11.5, maxzoom: 14.5 },
  grid: { minzoom: 13.5, maxzoom: 17 },
  compound: { minzoom: 15 },
} as const;

function deviceLayers(palette: Palette): LayerSpecification[] {
  const source = SOURCES.devices;
  return [
    {
      id: "device-cluster",
      type: "circle",
      source,
      filter: ["has", "point_count"],
      paint: {
        "circle-radius": ["step", ["get", "point_count"], 11, 20, 14, 200, 18],
        "circle-color": palette("ground"),
        "circle-stroke-width": ["case", [">", ["get", "alarmed"], 0], 3, 1.5],
        "circle-stroke-color": palette("second"),
      },
    },
    {
      id: "device-count",
      type: "symbol",
      source,
      filter: ["has", "point_count"],
      layout: {
        "text-field": ["get", "point_count_abbreviated"],
        "text-font": FONT,
        "text-size": 12,
        "text-allow-overlap": true,
      },
      paint: { "text-color": palette("ink") },
    },
    {
      id: "device",
      type: "symbol",
      source,
      filter: ["!", ["has", "point_count"]],
      layout: { "icon-image": ["get", "mark"], "icon-allow-overlap": true },
    },
  ];
}

function alertLayers(palette: Palette): LayerSpecification[] {
  const source = SOURCES.alerts;
  return [
    {
      id: "alert-selected",
      type: "circle",
      source,
      filter: ["get", "selected"],
      paint: {
        "circle-radius": 24,
        "circle-color": "transparent",
        "circle-stroke-width": 3,
        "circle-stroke-color": palette("focus"),
      },
    },
    {
      id: "alert",
      type: "symbol",
      source,
      layout: {
        "icon-image": ["get", "mark"],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "symbol-sort-key": ["get", "top"],
      },
    },
  ];
}
