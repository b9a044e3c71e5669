"""Rules as data: a YAML pack, checked, compiled and explained. Pure but for reading the pack that is shipped."""

from server.alerts.rules.pack import Pack, default_pack, json_schema, load_pack
from server.alerts.rules.words import explain

__all__ = ["Pack", "default_pack", "explain", "json_schema", "load_pack"]
