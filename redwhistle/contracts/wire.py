"""The root of all wire models: frozen, strict, extras refused where we write and tolerated where we read."""

from pydantic import BaseModel, ConfigDict

VERSION = 1
"""The contract's version. A change that an older reader cannot ignore raises it."""

MAX_ENVELOPE_BYTES = 256 * 1024
MAX_ITEMS = 1000
"""Items (events, readings and gap records together) in one envelope."""
MAX_EVIDENCE_BYTES = 64 * 1024
MAX_DATA_BYTES = 8 * 1024
"""The JSON text of one event's `data`."""
MS_MIN = 0
MS_MAX = 253_402_300_799_000
"""9999-12-31T23:59:59Z: what PostgreSQL and Python can both hold."""


class Wire(BaseModel):
    """Writing refuses fields that the contract does not know; `codec` reads with `extra="ignore"`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
