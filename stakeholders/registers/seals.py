"""What binds a signature to its text, its signer and the signature before it. Pure.

A text is hashed as canonical JSON: sorted keys, no spaces, UTF-8, so that the same words always have the same hash.
The seal is an HMAC whose key is not in the database: who can write rows still cannot make a signature.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


def canonical(value: Mapping[str, Any]) -> str:
    """The one way in which `value` is written. Raises TypeError for what JSON cannot hold."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def digest(text: str) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def seal(text: str, key: str) -> str:
    """HMAC-SHA-256 in hex. Raises ValueError without a key: a seal that anybody can make seals nothing."""
    if not key:
        raise ValueError("There is no key to seal with.")
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signature as it was stored. `said` are the fields that the digest covers, `previous` among them."""

    id: int
    said: Mapping[str, Any]
    shown: str
    content_hash: str
    previous: str
    digest: str
    seal: str


def broken(chain: Iterable[Signed], keys: Collection[str]) -> tuple[int, str] | None:
    """The first signature that does not hold, and why; None when all do. `chain` is in the order of signing.

    A seal of any of `keys` holds: while a key is changed there are several.
    """
    before = ""
    for one in chain:
        if digest(one.shown) != one.content_hash:
            return one.id, "the text that was signed is not the text that is kept"
        if one.previous != before:
            return one.id, "it does not follow the signature before it"
        if digest(canonical(one.said)) != one.digest:
            return one.id, "what it says was changed after it was signed"
        if not any(hmac.compare_digest(seal(one.digest, key), one.seal) for key in keys):
            return one.id, "its seal was not made here"
        before = one.digest
    return None
