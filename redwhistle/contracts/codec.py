"""Bytes to models and back: the one door for what comes off the wire.

Any bytes whatever either decode or raise a `ContractError`; nothing else comes out of here.
Reading tolerates fields that this version does not know; writing never makes one.
"""

import hashlib
import json
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from redwhistle.contracts.commands import Command, Reply
from redwhistle.contracts.envelope import Ack, Envelope
from redwhistle.contracts.evidence import Evidence
from redwhistle.contracts.state import BoxState
from redwhistle.contracts.wire import MAX_ENVELOPE_BYTES, MAX_ITEMS, VERSION, Wire
from redwhistle.errors import Malformed, TooLarge, WrongVersion

M = TypeVar("M", bound=Wire)


def encode(model: Envelope | Ack | BoxState | Command | Reply | Evidence) -> bytes:
    """Compact JSON, UTF-8; raise TooLarge over the limit that every reader applies."""
    try:
        payload = model.model_dump_json(exclude_defaults=False, exclude_none=True).encode()
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise Malformed(f"cannot be written as JSON: {error}") from error
    if len(payload) > MAX_ENVELOPE_BYTES:
        raise TooLarge(f"{len(payload)} bytes, {MAX_ENVELOPE_BYTES} allowed")
    return payload


def decode_envelope(payload: bytes) -> Envelope:
    """An envelope of at most MAX_ITEMS items in all."""
    envelope = _decode(Envelope, payload)
    count = len(envelope.events) + len(envelope.gaps) + sum(len(block) for block in envelope.readings)
    if count > MAX_ITEMS:
        raise TooLarge(f"{count} items, {MAX_ITEMS} allowed")
    return envelope


def decode_ack(payload: bytes) -> Ack:
    return _decode(Ack, payload)


def decode_state(payload: bytes) -> BoxState:
    return _decode(BoxState, payload)


def decode_command(payload: bytes) -> Command:
    return _decode(Command, payload)


def decode_reply(payload: bytes) -> Reply:
    return _decode(Reply, payload)


def decode_evidence(payload: bytes) -> Evidence:
    """A picture whose bytes are one plain JPEG of the size stated; the error's text holds nothing of the picture."""
    return _decode(Evidence, payload)


def digest(payload: bytes) -> str:
    """SHA-256 of a payload, in hex: how a rejection names the envelope it means."""
    return hashlib.sha256(payload).hexdigest()


def read_json_object(payload: bytes) -> dict[str, Any]:
    """A JSON object for salvage, where a model refused the whole; raise a ContractError if it is none."""
    if len(payload) > MAX_ENVELOPE_BYTES:
        raise TooLarge(f"{len(payload)} bytes, {MAX_ENVELOPE_BYTES} allowed")
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}"[:300]) from error
    if not isinstance(value, dict):
        raise Malformed("not a JSON object")
    return value


def json_text(value: Any) -> str:
    """Compact JSON text of plain data, ASCII only; NaN and infinities come out as the names Python gives them."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _decode(model: type[M], payload: bytes) -> M:
    if len(payload) > MAX_ENVELOPE_BYTES:
        raise TooLarge(f"{len(payload)} bytes, {MAX_ENVELOPE_BYTES} allowed")
    try:
        return model.model_validate_json(payload, extra="ignore")
    except ValidationError as error:
        _raise_if_version(payload)
        raise Malformed(describe(error)) from error
    except ValueError as error:  # pydantic-core on broken UTF-8 and the like
        raise Malformed(str(error)[:300]) from error


def describe(error: ValidationError) -> str:
    """The first three faults of a validation, with their places, in one line without the input itself."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    texts = [f"{'.'.join(str(p) for p in fault['loc']) or 'payload'}: {fault['msg']}" for fault in faults[:3]]
    more = f" (and {len(faults) - 3} more)" if len(faults) > 3 else ""
    return ("; ".join(texts) + more)[:900]


def _raise_if_version(payload: bytes) -> None:
    try:
        version = json.loads(payload).get("v", VERSION)
    except (ValueError, AttributeError, RecursionError):
        return
    if version != VERSION:
        raise WrongVersion(f"contract version {ascii(version)[:40]}, this program reads {VERSION}")
