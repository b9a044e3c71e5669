/** What the server says, by name: from the OpenAPI document, nothing is written by hand. */
import type { components } from "@/generated/api";

type Schemas = components["schemas"];

export type Item = Schemas["Item"];
export type ItemDetail = Schemas["ItemDetail"];
export type HistoryEntry = Schemas["HistoryEntry"];
export type Session = Schemas["Session"];
export type SessionOptions = Schemas["SessionOptions"];
export type SessionRow = Schemas["SessionRow"];
export type TokenRow = Schemas["TokenRow"];
export type Person = Schemas["Myself"];
export type Grant = Schemas["Grant"];
export type Owner = Schemas["PersonName"];
export type PlaceName = Schemas["PlaceRef"];
export type Evidence = Schemas["Evidence"];
export type Sketch = Schemas["Sketch"];
export type AlertDetail = Schemas["AlertDetail"];

export type Severity = Item["severity"];
export type Hazard = Item["hazard"];
export type Certainty = Item["certainty"];
export type State = Item["state"];
export type Lang = Person["lang"];
export type Role = Grant["role"];
export type Right = Person["rights"][number];
/** What a person does to an item, as the address names it. */
export type WantedAct = Schemas["ActName"];
export type ActAnswer = Schemas["ActDone"];

export type StreamSnapshot = Schemas["StreamSnapshot"];
export type StreamChange = Schemas["StreamItemChange"] | Schemas["StreamBoxChange"];
export type StreamTick = Schemas["StreamTick"];
export type BoxState = Schemas["StreamBox"];
