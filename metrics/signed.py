"""Whether one of several secrets vouches for a delivery: a signature of its body, or the secret itself in a header.

Every secret is tried, in constant time, so that neither time nor order tells which one nearly fitted. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from .events import Forged, Push

CLOCK_SECONDS = 300  # how far a signed time may lie from ours


def same(given: str | bytes, known: str | bytes) -> bool:
    """Whether the two are equal, in a time that does not tell how much of them is."""
    return hmac.compare_digest(_bytes(given), _bytes(known))


def any_same(given: Iterable[str], secrets: Sequence[str]) -> bool:
    """Whether one of `given` is one of `secrets`. All pairs are looked at; an empty secret fits nothing."""
    found = [same(one, secret) for one in given for secret in secrets if secret]
    return any(found)


def hex_signatures(body: bytes, secrets: Sequence[str]) -> list[str]:
    """HMAC-SHA256 of `body` with each secret, in hexadecimal."""
    return [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets if secret]


def token_of(push: Push) -> str:
    """The secret that a delivery shows: a bearer token, or the password of basic authentication; "" for none."""
    scheme, _, rest = push.headers.get("authorization", "").strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() in ("bearer", "token"):
        return rest
    if scheme.lower() != "basic":
        return ""
    try:
        _, _, password = base64.b64decode(rest, validate=True).decode("utf-8", "replace").partition(":")
    except (binascii.Error, ValueError):
        return ""
    return password


def by_token(push: Push, secrets: Sequence[str]) -> None:
    """The delivery shows one of the secrets as its token or password. Raises Forged."""
    given = token_of(push)
    if not given:
        raise Forged("The delivery shows no token. Send it as “Authorization: Bearer …”.")
    if not any_same([given], secrets):
        raise Forged("The delivery shows a token that is none of this source's.")


def is_standard(push: Push) -> bool:
    """Whether a delivery is signed as Standard Webhooks say."""
    return "webhook-signature" in push.headers


def by_standard_webhooks(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
    """Id, time and body are signed with one of the secrets, as Standard Webhooks say. Raises Forged."""
    given = [part[3:] for part in push.headers["webhook-signature"].split() if part.startswith("v1,")]
    if not given:
        raise Forged("The delivery has no signature that we know (v1).")
    identity, at = push.headers.get("webhook-id", ""), push.headers.get("webhook-timestamp", "")
    if not identity or not at.isdigit() or len(at) > 12:
        raise Forged("The delivery lacks what its signature is about: webhook-id and webhook-timestamp.")
    if abs((now - datetime.fromtimestamp(int(at), UTC)).total_seconds()) > CLOCK_SECONDS:
        raise Forged("The delivery was signed more than five minutes from now. Check the sender's clock.")
    signed = f"{identity}.{at}.".encode() + push.body
    known = [_standard(signed, secret) for secret in secrets if secret]
    if not any_same(given, known):
        raise Forged("The delivery's signature does not hold. Check the secret.")


def _standard(signed: bytes, secret: str) -> str:
    """Secrets written whsec_… are base64; any other is its own bytes."""
    key = secret.encode()
    if secret.startswith("whsec_"):
        try:
            key = base64.b64decode(secret[6:] + "=" * (-len(secret[6:]) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = secret.encode()
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _bytes(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
