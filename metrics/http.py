"""The one door through which providers speak HTTP: addresses checked and pinned, sizes and times capped, limits told.

It never sleeps on a limit: `RateLimited` is raised with the time from which asking makes sense. Connection faults and
the server's own faults are tried again with full jitter within half a minute. No secret gets into a message.
"""

from __future__ import annotations

import base64
import email.utils
import json
import random
import re
import ssl
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import quote, urlencode

import httpcore2
import msgspec

from . import addresses
from .addresses import Parts
from .events import ProviderError, RateLimited, Unreadable

MOST_BYTES = 20_000_000
MOST_DEPTH = 64
MOST_REDIRECTS = 5
MOST_TRIES = 4
TRY_SECONDS = 30.0
LEAST_WAIT = timedelta(seconds=60)  # when a limit does not say how long
LONGEST_WAIT = timedelta(days=366)  # a time further off is no time: then a limit without a hint
CLOCK = timedelta(days=1)  # a Date header that is further off is not believed
TRANSIENT = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524})
_LIMIT_WORDS = re.compile(rb"secondary rate limit|abuse detection|rate limit exceeded|too many requests", re.I)
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w!#$&+\-.^`|~*]+(?:\s*=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s\",;]+))?)*)")
_REL = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider answered. Header names are lower case; `at` is its own clock where that can be true."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str
    at: datetime
    moved_to: str = ""  # where the address leads for good: a repository that was renamed

    @property
    def not_modified(self) -> bool:
        return self.status == 304

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")

    def json(self) -> Any:
        """The body read as JSON. Raises Unreadable with what it is instead."""
        return read_json(self.body, self.headers.get("content-type", ""))

    def link(self, rel: str) -> str | None:
        """The address of a Link header, only when it is of the same origin; else None."""
        for target, parameters in _LINK.findall(self.headers.get("link", "")):
            found = _REL.search(parameters)
            if found and rel in (found[1] or found[2] or "").lower().split():
                try:
                    return target if addresses.parse(target).origin == addresses.parse(self.url).origin else None
                except addresses.Refused:
                    return None
        return None


def read_json(body: bytes, kind: str = "") -> Any:
    """Raises Unreadable for what is empty, cut off, nested too deep, or a page for people."""
    start = body[:400].lstrip().lower()
    if not start:
        raise Unreadable("The answer is empty where JSON was expected.")
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")) or (b"<html" in start and b"{" not in start[:1]):
        raise Unreadable(
            "A web page came instead of data, perhaps the log-in page of a proxy.",
            advice="Check the address, and whether something between us asks for a log-in.",
            detail=f"{kind}, begins {body[:80]!r}",
        )
    if depth(body) > MOST_DEPTH:
        raise Unreadable(f"The answer is nested more than {MOST_DEPTH} deep.")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        pass_on = _tolerant(body)
        if pass_on is not None:
            return pass_on
        raise Unreadable(
            "The answer is no whole JSON: it may have been cut off.", detail=f"{wrong} in {len(body):,} bytes"
        ) from wrong


def _tolerant(body: bytes) -> Any:
    """What is JSON but for a byte order mark, lone surrogates or NaN; None when it is not even that."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.S)


def depth(body: bytes) -> int:
    """How deep brackets are nested, strings left out; stops counting a little over the most that is allowed."""
    if max(body.count(b"["), body.count(b"{")) <= MOST_DEPTH // 2:
        return 0
    deepest = now = 0
    for found in _BRACKETS.finditer(body):
        sign = found[0]
        if sign in (b"[", b"{"):
            now += 1
            if now > deepest:
                deepest = now
                if deepest > MOST_DEPTH:
                    return deepest
        elif sign in (b"]", b"}"):
            now -= 1
    return deepest


# --- pinned connections ----------------------------------------------------------------------------------------------


class _Pinned(httpcore2.SyncBackend):
    """Resolves a host once, checks every address, and connects to one that it checked: DNS is not asked again."""

    def __init__(self, door: Door) -> None:
        super().__init__()
        self._door = door

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:  # fmt: skip
        wrong: Exception | None = None
        for address in self._door.checked(host, port):
            try:
                stream = super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                wrong = failed
                continue
            peer = stream.get_extra_info("server_addr")
            if peer and not self._door.trusts(host, port) and not addresses.is_public(str(peer[0])):
                stream.close()
                raise addresses.Refused(f"{host} is inside a private network.", addresses.ALLOW)
            self._door.connected = True
            return _Timed(stream, self._door)
        raise wrong or httpcore2.ConnectError(f"{host} has no address")


class _Timed(httpcore2.NetworkStream):
    """A connection that ends when the door's time for one answer is up, however busily a server drips bytes."""

    def __init__(self, stream: httpcore2.NetworkStream, door: Door) -> None:
        self._stream, self._door = stream, door

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._door.until - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the time for one answer is up")
        return self._stream.read(max_bytes, left if timeout is None else min(left, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, timeout), self._door)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Door:
    """Speaks with one provider's server. Use as a context manager or call `close`.

    `address` may have a path; requests are relative to it, or whole addresses of the same origin. `secret` is kept out
    of every message. With `most_tries` 1 nothing is said twice. `requests`, `unchanged`, `remaining`, `limit` and
    `reset_at` tell how it went.
    """

    def __init__(
        self,
        *,
        address: str,
        headers: Mapping[str, str] | None = None,
        secret: str = "",
        trusted_hosts: Collection[str] = (),
        resolve: Callable[[str, int], list[str]] | None = None,
        timeout: float = 20.0,
        most_bytes: int = MOST_BYTES,
        seconds: float = 60.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        most_tries: int = MOST_TRIES,
    ) -> None:
        self._trusted = frozenset(trusted_hosts)
        self._resolve = resolve or addresses.resolve
        self._headers = {"accept": "application/json", "user-agent": "Plumbline", "accept-encoding": "gzip"}
        self._headers |= {name.lower(): value for name, value in (headers or {}).items()}
        self._secret, self._timeout, self._most, self._seconds = secret, timeout, most_bytes, seconds
        self._now, self._sleep, self._most_tries = now, sleep, most_tries
        self.connected = False  # whether the other side may have heard anything
        self.requests = self.unchanged = 0
        self.until = float("inf")  # by the monotonic clock: when the answer under way must be whole
        self.remaining: int | None = None
        self.limit: int | None = None
        self.reset_at: datetime | None = None
        self.base = self._parsed(address)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=2,
            keepalive_expiry=30,
            network_backend=_Pinned(self),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._pool.close()

    def get(
        self,
        path_or_url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        etag: str = "",
        accept: Collection[int] = (),
    ) -> Answer:
        """The answer to a GET: 2xx, 304 when `etag` still holds, or a status in `accept`.

        Raises RateLimited, or ProviderError in plain words for everything else.
        """
        more = {**(headers or {}), **({"if-none-match": etag} if etag else {})}
        return self._ask("GET", self.url(path_or_url, params), more, b"", accept)

    def post(
        self,
        path_or_url: str,
        *,
        body: Any,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> Answer:
        """The answer to a POST that only asks, such as GraphQL: it is tried again like a GET."""
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        more = {"content-type": "application/json", **(headers or {})}
        return self._ask("POST", self.url(path_or_url, params), more, raw, accept)

    def url(self, path_or_url: str, params: Mapping[str, Any] | None = None) -> str:
        """The whole address. Raises ProviderError for one of another origin."""
        if "://" in path_or_url[:12]:
            parts = self._parsed(path_or_url)
            if parts.origin != self.base.origin:
                raise self._elsewhere(parts)
        else:
            path, _, query = path_or_url.partition("?")
            parts = self.base._replace(path=f"{self.base.path.rstrip('/')}/{path.lstrip('/')}".rstrip(), query=query)
        asked = {name: value for name, value in (params or {}).items() if value is not None}
        query = "&".join(part for part in (parts.query, urlencode(asked, doseq=True)) if part)
        return f"{parts.scheme}://{parts.netloc}{_quoted(parts.path) or '/'}{'?' + query if query else ''}"

    @property
    def not_modified(self) -> int:
        return self.unchanged

    # --- addresses ---------------------------------------------------------------------------------------------------

    def trusts(self, host: str, port: int) -> bool:
        return addresses.is_trusted(host, port, self._trusted)

    def checked(self, host: str, port: int) -> list[str]:
        """The addresses to connect to. Raises addresses.Refused."""
        if self.trusts(host, port):
            return self._resolve(host, port)
        addresses.check_name(host)
        return addresses.check_addresses(host, self._resolve(host, port))

    def _parsed(self, address: str) -> Parts:
        try:
            parts = addresses.parse(address)
            if not self.trusts(parts.host, parts.port):
                if parts.scheme != "https":
                    raise addresses.Refused(
                        "Only https addresses are read.", "Write https://, or ask an administrator to allow this host."
                    )
                addresses.check_name(parts.host)
                if _is_number(parts.host):
                    addresses.check_addresses(parts.host, [parts.host])
        except addresses.Refused as refused:
            raise ProviderError(str(refused), advice=refused.advice, permanent=True) from refused
        return parts

    def _elsewhere(self, parts: Parts) -> ProviderError:
        return ProviderError(
            f"{self.base.host} sends us on to {parts.host}, where our token does not belong.",
            advice="If the server has moved, enter its new address.", permanent=True,
        )  # fmt: skip

    # --- asking ------------------------------------------------------------------------------------------------------

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes, accept: Collection[int]) -> Answer:
        began, tries = time.monotonic(), 0
        while True:
            tries += 1
            try:
                answer = self._followed(method, url, headers, body)
                if answer.status not in TRANSIENT or "retry-after" in answer.headers:
                    return self._judged(answer, accept)
                wrong = self._faulty(answer)
            except ProviderError as failed:
                if failed.permanent or isinstance(failed, RateLimited | Unreadable) or not _is_fleeting(failed):
                    raise
                wrong = failed
            pause = random.uniform(0, min(0.5 * 2**tries, 8))  # noqa: S311 (jitter)
            if tries >= self._most_tries or time.monotonic() - began + pause > TRY_SECONDS:
                raise wrong
            self._sleep(pause)

    def _followed(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        moved_to = ""
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._once(method, url, headers, body)
            if answer.status not in (301, 302, 303, 307, 308) or "location" not in answer.headers:
                return _with(answer, moved_to)
            url = self._next(answer)
            if method != "GET":
                raise ProviderError(f"{self.base.host} answers a question with a redirect.", permanent=True)
            if answer.status in (301, 308):
                moved_to = url
        raise ProviderError(f"{self.base.host} sends us round in circles.", advice="Check the address.", permanent=True)

    def _next(self, answer: Answer) -> str:
        where = answer.headers["location"].strip()
        if where.startswith("//"):
            where = f"{self.base.scheme}:{where}"
        if "://" not in where[:12]:
            return f"{self.base.scheme}://{self.base.netloc}/{where.lstrip('/')}"
        try:
            parts = addresses.parse(where)
        except addresses.Refused as refused:
            raise ProviderError(
                f"{self.base.host} sends us to an address that we do not take.", permanent=True
            ) from refused
        if parts.origin != self.base.origin:
            raise self._elsewhere(parts)
        return where

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.requests += 1
        self.until = time.monotonic() + self._seconds
        sent = {**self._headers, **{name.lower(): value for name, value in headers.items()}, "host": self.base.netloc}
        if body:
            sent["content-length"] = str(len(body))
        timeout = {"connect": self._timeout, "read": self._timeout, "write": self._timeout, "pool": self._timeout}
        try:
            with self._pool.stream(
                method,
                url.encode("ascii"),
                headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in sent.items()],
                content=body or None,
                extensions={"timeout": timeout},
            ) as response:
                found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                links = [value.decode("latin-1") for name, value in response.headers if name.lower() == b"link"]
                if len(links) > 1:
                    found["link"] = ", ".join(links)
                answer = Answer(
                    status=response.status, headers=found, body=self._body(response, found), url=url, at=self._at(found)
                )
        except addresses.Refused as refused:
            raise ProviderError(str(refused), advice=refused.advice, permanent=True) from refused
        except (httpcore2.LocalProtocolError, UnicodeError):  # its words would repeat the header, token and all
            raise ProviderError(
                "Our question cannot be written.", permanent=True,
                advice="The token or the address holds a sign that has no place there, such as a line break.",
            ) from None  # fmt: skip
        except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as failed:
            raise self._unreached(failed) from None
        self._note(answer)
        return answer

    def _body(self, response: httpcore2.Response, headers: Mapping[str, str]) -> bytes:
        """The body, at most so many bytes on the wire and after unpacking, and within so many seconds."""
        unpack = zlib.decompressobj(wbits=47) if "gzip" in headers.get("content-encoding", "").lower() else None
        parts: list[bytes] = []
        size = wire = 0
        for piece in response.iter_stream():
            wire += len(piece)
            if unpack is not None:
                try:
                    piece = unpack.decompress(piece, self._most - size + 1)  # noqa: PLW2901
                except zlib.error as wrong:
                    raise Unreadable("The answer cannot be unpacked.", detail=str(wrong)) from wrong
            size += len(piece)
            if size > self._most or wire > self._most:
                raise ProviderError(
                    f"{self.base.host} sent more than {self._most // 1_000_000} MB in one answer.",
                    advice="Choose fewer repositories, or tell us: a page should not be so large.", permanent=True,
                )  # fmt: skip
            if time.monotonic() > self.until:
                raise _fleeting(f"{self.base.host} took longer than {self._seconds:.0f} s for one answer.")
            parts.append(piece)
        return b"".join(parts)

    def _at(self, headers: Mapping[str, str]) -> datetime:
        now = self._now()
        said = _http_date(headers.get("date", ""))
        return said if said is not None and abs(said - now) < CLOCK else now

    def _note(self, answer: Answer) -> None:
        self.unchanged += answer.not_modified
        for prefix in ("x-ratelimit-", "ratelimit-"):
            if f"{prefix}remaining" in answer.headers:
                self.remaining = _whole(answer.headers[f"{prefix}remaining"])
                self.limit = _whole(answer.headers.get(f"{prefix}limit", ""))
                self.reset_at = self._reset(answer)

    # --- what an answer means ----------------------------------------------------------------------------------------

    def _judged(self, answer: Answer, accept: Collection[int]) -> Answer:
        status, host = answer.status, self.base.host
        if status < 300 or status == 304:
            return answer
        if (limited := self._limited(answer)) is not None:  # before `accept`: a 403 may be no right, or a limit
            raise limited
        if status in accept:
            return answer
        detail = f"HTTP {status}: {self._said(answer)}"
        if status == 401:
            raise ProviderError(
                f"{host} refused our token.", advice="It has expired or was removed. Make a new one and enter it.",
                detail=detail, permanent=True,
            )  # fmt: skip
        if status == 403:
            raise ProviderError(
                f"{host} does not let our token read this.",
                advice="Give the token the rights that are listed, or make another.",
                detail=detail, permanent=True,
            )  # fmt: skip
        if status in (404, 410, 451):
            raise ProviderError(
                f"{host} has no such thing, or our token may not see it.",
                advice="It may have been renamed, moved or deleted. Check the address and what is chosen.",
                detail=detail, permanent=True,
            )  # fmt: skip
        if status in TRANSIENT:
            raise self._faulty(answer)
        raise ProviderError(
            f"{host} did not take our question.", advice="If it lasts, its version may be too old or too new.",
            detail=detail, permanent=400 <= status < 500,
        )  # fmt: skip

    def _limited(self, answer: Answer) -> RateLimited | None:
        retry = answer.headers.get("retry-after", "")
        spent = self.remaining == 0 and any(name.endswith("ratelimit-remaining") for name in answer.headers)
        told = answer.status in (403, 429) and _LIMIT_WORDS.search(answer.body[:4000]) is not None
        is_limit = (
            answer.status == 429
            or (answer.status in (403, 503) and bool(retry))
            or (answer.status == 403 and (spent or told))
        )
        if not is_limit:
            return None
        now = self._now()
        if retry and (until := self._after(retry, answer)) is not None:
            return RateLimited(until=_within(until, now))
        if spent and (reset := self._reset(answer)) is not None:
            return RateLimited(until=_within(reset, now))
        return RateLimited(until=now + LEAST_WAIT, doubling=True)

    def _after(self, said: str, answer: Answer) -> datetime | None:
        """When Retry-After ends, by our clock: seconds, or a date of the provider's own."""
        now = self._now()
        if said.strip().isdigit():
            return now + timedelta(seconds=min(int(said), 40_000_000))
        at = _http_date(said)
        return None if at is None else now + (at - answer.at)

    def _reset(self, answer: Answer) -> datetime | None:
        """When the quota is full again, by our clock: the provider's may differ."""
        for name in ("x-ratelimit-reset", "ratelimit-reset"):
            said = _whole(answer.headers.get(name, ""))
            if said is not None:
                now = self._now()
                if said < 100_000_000:  # seconds from now, in the later form of the header
                    return now + timedelta(seconds=said)
                return now + (datetime.fromtimestamp(min(said, 32_503_680_000), UTC) - answer.at)
        return None

    def _faulty(self, answer: Answer) -> ProviderError:
        return _fleeting(
            f"{self.base.host} has a fault of its own.", advice="Nothing needs doing; we try again.",
            detail=f"HTTP {answer.status}: {self._said(answer)}",
        )  # fmt: skip

    def _unreached(self, failed: Exception) -> ProviderError:
        words, host = str(failed), self.base.host
        if isinstance(failed, ssl.SSLError) or "CERTIFICATE_VERIFY_FAILED" in words or "certificate" in words.lower():
            return ProviderError(
                f"The certificate of {host} does not hold.",
                advice="It may have expired, or be of an authority that this machine does not know.",
                detail=self._clean(words), permanent=True,
            )  # fmt: skip
        if isinstance(failed, httpcore2.TimeoutException | TimeoutError):
            return _fleeting(f"{host} did not answer in time.", advice="We try again.", detail=self._clean(words))
        return _fleeting(
            f"{host} cannot be reached.", advice="Check the address; if it is right, we try again.",
            detail=self._clean(words),
        )  # fmt: skip

    def _said(self, answer: Answer) -> str:
        """The vendor's own words, short, without our secret."""
        text = answer.body[:2000].decode("utf-8", "replace")
        try:
            found = msgspec.json.decode(answer.body)
            text = str(found.get("message") or found.get("error") or text) if isinstance(found, dict) else text
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        return self._clean(" ".join(text.split()))[:300]

    def _clean(self, text: str) -> str:
        for name in ("authorization", "private-token", "proxy-authorization"):
            for word in self._headers.get(name, "").split()[-1:]:
                text = redacted(text, word)
        return redacted(text, self._secret)


def redacted(text: str, secret: str) -> str:
    """`text` without `secret` in any of the forms in which it is sent."""
    if len(secret) < 4:
        return text
    forms = {secret, quote(secret, safe=""), quote(secret), base64.b64encode(secret.encode()).decode()}
    forms |= {base64.urlsafe_b64encode(secret.encode()).decode(), base64.b64encode(f":{secret}".encode()).decode()}
    forms |= {part for part in secret.split(":") if len(part) >= 8}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "…").replace(form.rstrip("="), "…")
    return text


class _Fleeting(ProviderError):
    """Trying again soon makes sense."""


def _fleeting(sentence: str, *, advice: str = "", detail: str = "") -> ProviderError:
    return _Fleeting(sentence, advice=advice, detail=detail)


def _is_fleeting(error: ProviderError) -> bool:
    return isinstance(error, _Fleeting)


def _with(answer: Answer, moved_to: str) -> Answer:
    if not moved_to:
        return answer
    return Answer(
        status=answer.status, headers=answer.headers, body=answer.body, url=answer.url, at=answer.at, moved_to=moved_to
    )


def _quoted(path: str) -> str:
    return quote(path, safe="/%:@!$&'()*+,;=~-._")


def _within(until: datetime, now: datetime) -> datetime:
    return min(max(until, now + timedelta(seconds=1)), now + LONGEST_WAIT)


def _whole(said: str) -> int | None:
    said = said.strip().split(",")[0].split(".")[0]
    return int(said) if said.isdigit() else None


def _http_date(said: str) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
