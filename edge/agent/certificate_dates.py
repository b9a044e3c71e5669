"""When a certificate begins and ends, read from its bytes: a box needs no cryptography library for that. Pure.

Source: RFC 5280, 4.1: Certificate > tbsCertificate > [0] version?, serialNumber, signature, issuer, validity.
"""

import ssl
from datetime import UTC, datetime

_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def read_validity(pem: str) -> tuple[datetime, datetime]:
    """The first certificate's not-before and not-after. Raises ValueError for what is none."""
    begin = pem.find(ssl.PEM_HEADER)
    end = pem.find(ssl.PEM_FOOTER, begin)
    if begin < 0 or end < 0:
        raise ValueError("no certificate in PEM")
    der = ssl.PEM_cert_to_DER_cert(pem[begin : end + len(ssl.PEM_FOOTER)])
    _, certificate, _ = _take(der, _SEQUENCE)
    _, body, _ = _take(certificate, _SEQUENCE)
    tag, _, rest = _take(body)
    if tag == _VERSION:
        _, _, rest = _take(rest)
    for _ in range(2):  # signature, issuer
        _, _, rest = _take(rest)
    _, validity, _ = _take(rest, _SEQUENCE)
    first, not_before, validity = _take(validity)
    second, not_after, _ = _take(validity)
    return _time(first, not_before), _time(second, not_after)


def _take(data: bytes, wanted: int | None = None) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows of one DER value."""
    if len(data) < 2:
        raise ValueError("a certificate that ends too early")
    tag, length, at = data[0], data[1], 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or len(data) < 2 + count:
            raise ValueError("a length that cannot be")
        length, at = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if len(data) < at + length or (wanted is not None and tag != wanted):
        raise ValueError("not the shape of a certificate")
    return tag, data[at : at + length], data[at + length :]


def _time(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year: 50 to 99 are of the last century
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("not a time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
