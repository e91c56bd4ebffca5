"""A real HTTP server on 127.0.0.1 that a fake provider is built on: it pages, limits, answers 304, fails and is slow.

A fake overrides `reply`; the mishaps that a test has planned come first. Every request is kept in `log`.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # lower-case names
    body: bytes
    at: float  # monotonic

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`body` bytes as they are, anything else as JSON. `etag` True: one of the body's digest, and 304 where it fits."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: bool = False

    def raw(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body, separators=(",", ":")).encode()


class _Quiet(ThreadingHTTPServer):
    """Says nothing of clients that were killed."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


Mishap = Callable[[Request], Reply | None]


class FakeServer:
    """Use as a context manager. `between` runs before each answer, so that rows change while they are paged."""

    port = 0  # 0: any that is free

    def __init__(self) -> None:
        self.log: list[Request] = []
        self.mishaps: list[Mishap] = []
        self.between: Callable[[Request], None] | None = None
        self.lock = threading.RLock()
        self.statuses: list[int] = []
        self._http: ThreadingHTTPServer | None = None

    # --- what a fake says --------------------------------------------------------------------------------------------

    def reply(self, request: Request) -> Reply:
        raise NotImplementedError

    # --- what a test plans -------------------------------------------------------------------------------------------

    def next(self, reply: Reply, *, times: int = 1, path: str = "") -> None:
        """Answer the next `times` requests (whose path holds `path`) with `reply`."""
        left = [times]

        def mishap(request: Request) -> Reply | None:
            if left[0] > 0 and path in request.path:
                left[0] -= 1
                return reply
            return None

        self.mishaps.append(mishap)

    def slow(self, seconds: float, *, path: str = "") -> None:
        """Wait before each answer to a request whose path holds `path`."""

        def mishap(request: Request) -> Reply | None:
            if path in request.path:
                time.sleep(seconds)
            return None

        self.mishaps.append(mishap)

    def asked(self, path: str) -> list[Request]:
        return [one for one in self.log if path in one.path]

    # --- the server --------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        assert self._http is not None
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else head and body of an answer wait for each other

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("content-length") or 0)
                request = Request(
                    method=self.command,
                    path=parts.path,
                    query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(length),
                    at=time.monotonic(),
                )
                with fake.lock:
                    fake.log.append(request)
                    if fake.between is not None:
                        fake.between(request)
                    mishaps = list(fake.mishaps)
                reply = next((one for mishap in mishaps if (one := mishap(request)) is not None), None)
                if reply is None:
                    with fake.lock:
                        reply = fake.reply(request)
                self._send(request, reply)

            def _send(self, request: Request, reply: Reply) -> None:
                body, status, headers = reply.raw(), reply.status, dict(reply.headers)
                if reply.etag:
                    tag = f'"{hashlib.sha256(body + repr(headers.get("Link")).encode()).hexdigest()[:20]}"'
                    headers["ETag"] = tag
                    if request.headers.get("if-none-match") == tag:
                        status, body = 304, b""
                fake.statuses.append(status)
                self.send_response(status)
                headers.setdefault("Content-Type", "application/json; charset=utf-8")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = _serve

            def log_message(self, *_: Any) -> None:
                pass

        self._http = _Quiet(("127.0.0.1", self.port), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._http is not None
        self._http.shutdown()
        self._http.server_close()
