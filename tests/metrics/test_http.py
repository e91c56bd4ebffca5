"""The door to providers, against real servers on this machine: limits, redirects, sizes, hostile addresses, secrets."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import addresses, http
from metrics.events import ProviderError, RateLimited, Unreadable
from metrics.http import Answer, Door, redacted
from tests.fakes.server import FakeServer, Reply, Request

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Echo(FakeServer):
    def reply(self, request: Request) -> Reply:
        if request.path == "/list":
            return Reply(body={"items": [1, 2]}, etag=True)
        return Reply(body={"path": request.path, "query": dict(request.query)})


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo() as started:
        yield started


@pytest.fixture
def door(server: Echo) -> Iterator[Callable[..., Door]]:
    made: list[Door] = []

    def make(path: str = "", **more: Any) -> Door:
        slept: list[float] = []
        more = {"trusted_hosts": ("127.0.0.1",), "sleep": slept.append, **more}
        made.append(Door(address=server.url + path, **more))
        made[-1].slept = slept  # type: ignore[attr-defined]
        return made[-1]

    yield make
    for one in made:
        one.close()


# --- asking ----------------------------------------------------------------------------------------------------------


def test_paths_are_relative_to_the_address_and_parameters_are_quoted(door: Any) -> None:
    found = door("/api/v3").get("repos/a b/x", params={"q": "a&b", "none": None}).json()
    assert found == {"path": "/api/v3/repos/a%20b/x", "query": {"q": "a&b"}}


def test_an_unchanged_page_is_a_304_without_a_body(door: Any) -> None:
    one = door()
    first = one.get("/list")
    again = one.get("/list", etag=first.etag)
    assert (again.status, again.not_modified, again.body) == (304, True, b"")
    assert (one.requests, one.unchanged) == (2, 1)


def test_a_link_to_another_origin_is_no_link(server: Echo, door: Any) -> None:
    links = f'<{server.url}/list?page=2>; rel="next", <https://evil.example.org/x>; rel="last"'
    server.next(Reply(body=[], headers={"Link": links}))
    answer = door().get("/x")
    assert answer.link("next") == f"{server.url}/list?page=2"
    assert answer.link("last") is None
    assert answer.link("first") is None
    with pytest.raises(ProviderError, match="does not belong"):
        door().get("https://evil.example.org/x")


def test_a_status_that_the_caller_takes_is_an_answer(server: Echo, door: Any) -> None:
    server.next(Reply(status=404, body={"message": "Not Found"}))
    assert door().get("/x", accept=(404,)).status == 404


@pytest.mark.parametrize(
    ("status", "says", "permanent"),
    [
        (401, "refused our token", True),
        (403, "does not let our token", True),
        (404, "no such thing", True),
        (410, "no such thing", True),
        (422, "did not take our question", True),
    ],
)
def test_a_refusal_is_a_sentence_with_advice_and_without_the_secret(
    status: int, says: str, permanent: bool, server: Echo, door: Any
) -> None:
    secret = "glpat-a-very-secret-token"
    server.next(Reply(status=status, body={"message": f"Bad token {secret}"}))
    with pytest.raises(ProviderError, match=says) as refused:
        door(secret=secret, headers={"authorization": f"Bearer {secret}"}).get("/x")
    assert refused.value.advice
    assert refused.value.permanent is permanent
    assert secret not in f"{refused.value}{refused.value.advice}{refused.value.detail}"


@given(st.text(min_size=8, max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_a_secret_leaves_no_message_in_any_form(secret: str, before: str, after: str) -> None:
    from base64 import b64encode
    from urllib.parse import quote

    for form in (secret, quote(secret, safe=""), b64encode(secret.encode()).decode()):
        cleaned = redacted(f"{before}{form}{after}", secret)
        assert form not in cleaned or form in before + "…" + after


# --- faults ----------------------------------------------------------------------------------------------------------


def test_a_fault_of_the_server_is_tried_again_with_jitter_and_then_told(server: Echo, door: Any) -> None:
    server.next(Reply(status=502), times=2)
    one = door()
    assert one.get("/x").status == 200
    assert len(one.slept) == 2
    assert all(0 <= pause <= 8 for pause in one.slept)
    server.next(Reply(status=500), times=99)
    with pytest.raises(ProviderError, match="fault of its own") as failed:
        one.get("/x")
    assert not failed.value.permanent
    assert one.requests == 3 + http.MOST_TRIES


def test_a_refusal_is_not_tried_again(server: Echo, door: Any) -> None:
    server.next(Reply(status=401), times=9)
    one = door()
    with pytest.raises(ProviderError):
        one.get("/x")
    assert one.requests == 1


def test_a_server_that_is_away_is_told_in_plain_words() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    door = Door(address=f"http://127.0.0.1:{port}", trusted_hosts=("127.0.0.1",), sleep=lambda _: None)
    with door, pytest.raises(ProviderError, match=r"127\.0\.0\.1 cannot be reached") as failed:
        door.get("/x")
    assert not failed.value.permanent


def test_a_server_that_does_not_answer_is_given_up(server: Echo, door: Any) -> None:
    server.slow(0.6, path="/slow")
    with pytest.raises(ProviderError, match="did not answer in time"):
        door(timeout=0.1).get("/slow")


def test_a_certificate_that_does_not_hold_is_told(tmp_path: Path) -> None:
    certificate = _self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    door = Door(address=f"https://localhost:{server.server_port}", trusted_hosts=("localhost",), sleep=lambda _: None)
    with door, pytest.raises(ProviderError, match="certificate of localhost does not hold") as failed:
        door.get("/x")
    assert failed.value.permanent
    server.shutdown()
    server.server_close()


def _self_signed(folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file


# --- limits ----------------------------------------------------------------------------------------------------------


def _limited(server: Echo, door: Any, reply: Reply) -> RateLimited:
    server.next(reply)
    with pytest.raises(RateLimited) as limited:
        door(now=lambda: NOW).get("/x")
    return limited.value


def _date(at: datetime) -> str:
    return format_datetime(at, usegmt=True)


def _epoch(at: datetime) -> str:
    return str(int(at.timestamp()))


SPENT = {"X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "5000"}
LIMITS: list[tuple[str, Reply, float, bool]] = [
    ("seconds", Reply(status=429, headers={"Retry-After": "30"}), 30, False),
    ("with 403 too", Reply(status=403, headers={"Retry-After": "90"}), 90, False),
    ("a server that is full", Reply(status=503, headers={"Retry-After": "7"}), 7, False),
    ("a date of the provider's clock, an hour ahead of ours", Reply(
        status=429,
        headers={"Retry-After": _date(NOW + timedelta(hours=1, seconds=40)), "Date": _date(NOW + timedelta(hours=1))},
    ), 40, False),
    ("the quota is spent", Reply(
        status=403, headers={**SPENT, "X-RateLimit-Reset": _epoch(NOW + timedelta(minutes=20)), "Date": _date(NOW)}
    ), 1200, False),
    ("and its clock is slow", Reply(
        status=403,
        headers={**SPENT, "X-RateLimit-Reset": _epoch(NOW + 10 * MINUTE), "Date": _date(NOW - 10 * MINUTE)},
    ), 1200, False),
    ("the newer header, in seconds", Reply(
        status=429, headers={"RateLimit-Remaining": "0", "RateLimit-Reset": "45"}), 45, False),
    ("without a hint", Reply(status=403, body={"message": "You have exceeded a secondary rate limit."}), 60, True),
    ("with quota left", Reply(
        status=429, headers={"RateLimit-Remaining": "500", "RateLimit-Reset": _epoch(NOW)}), 60, True),
    ("a time that makes no sense", Reply(status=429, headers={"Retry-After": "soon"}), 60, True),
    ("a year", Reply(status=429, headers={"Retry-After": "31536000"}), 31536000, False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "reply", "seconds", "doubling"), LIMITS, ids=[name for name, *_ in LIMITS])
def test_a_limit_is_told_with_the_time_from_which_asking_makes_sense(
    name: str, reply: Reply, seconds: float, doubling: bool, server: Echo, door: Any
) -> None:
    limited = _limited(server, door, reply)
    assert ((limited.until - NOW).total_seconds(), limited.doubling) == (seconds, doubling)


def test_a_refusal_that_is_no_limit_is_not_taken_for_one(server: Echo, door: Any) -> None:
    server.next(Reply(status=403, body={"message": "Resource not accessible"}, headers={"X-RateLimit-Remaining": "10"}))
    with pytest.raises(ProviderError) as refused:
        door().get("/x")
    assert not isinstance(refused.value, RateLimited)


# --- redirects -------------------------------------------------------------------------------------------------------


def test_a_redirect_within_the_server_is_followed_and_a_lasting_one_told(server: Echo, door: Any) -> None:
    server.next(Reply(status=301, headers={"Location": f"{server.url}/repositories/7"}), path="/repos/old")
    answer = door().get("/repos/old")
    assert answer.json()["path"] == "/repositories/7"
    assert answer.moved_to == f"{server.url}/repositories/7"


@pytest.mark.parametrize(
    "where",
    ["https://evil.example.org/", "//evil.example.org/x", "http://127.0.0.1:1/", "ftp://127.0.0.1/", "https://a@b/"],
)
def test_a_redirect_to_elsewhere_is_refused_and_our_token_stays(where: str, server: Echo, door: Any) -> None:
    server.next(Reply(status=302, headers={"Location": where}))
    with pytest.raises(ProviderError) as refused:
        door(headers={"authorization": "secret"}).get("/x")
    assert refused.value.permanent


def test_going_round_in_circles_ends(server: Echo, door: Any) -> None:
    server.next(Reply(status=302, headers={"Location": "/x"}), times=99)
    with pytest.raises(ProviderError, match="circles"):
        door().get("/x")
    assert len(server.log) == http.MOST_REDIRECTS + 1


# --- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b'{"items": [1, 2', "cut off"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"\n<HTML>", "web page"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
        (b"[" * 100_000 + b"]" * 100_000, "nested"),
        (b"nonsense", "cut off"),
    ],
)
def test_what_is_no_json_is_told_as_what_it_is(body: bytes, says: str, server: Echo, door: Any) -> None:
    server.next(Reply(body=body))
    with pytest.raises(Unreadable, match=says):
        door().get("/x").json()


def test_brackets_within_words_are_not_nested() -> None:
    body = json.dumps({"title": "[" * 1000 + '\\"' + "{" * 1000, "deep": [[[[1]]]]}).encode()
    assert http.depth(body) == 5
    assert http.read_json(body)["deep"] == [[[[1]]]]
    assert http.read_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


class Raw(ThreadingHTTPServer):
    """Sends whatever pieces it is given, as slowly as it is told."""

    def __init__(self, pieces: Iterator[bytes], headers: str = "", pause: float = 0.0) -> None:
        outer = self
        self.sent = 0

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\n".encode())
                try:
                    for piece in pieces:
                        self.wfile.write(piece)
                        outer.sent += len(piece)
                        time.sleep(pause)
                except OSError:
                    pass
                self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.daemon_threads = True
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def door(self, **more: Any) -> Door:
        return Door(
            address=f"http://127.0.0.1:{self.server_port}", trusted_hosts=("127.0.0.1",), sleep=lambda _: None, **more
        )


def test_a_hundred_megabytes_are_cut_at_the_cap() -> None:
    server = Raw(b"x" * 1_000_000 for _ in range(100))
    with server.door(most_bytes=3_000_000) as door, pytest.raises(ProviderError, match="more than 3 MB"):
        door.get("/x")
    assert server.sent < 60_000_000
    server.shutdown()
    server.server_close()


def test_a_bomb_is_cut_at_the_cap_before_it_goes_off() -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    server = Raw(iter([bomb]), headers="Content-Encoding: gzip\r\n")
    with server.door(most_bytes=1_000_000) as door, pytest.raises(ProviderError, match="more than 1 MB"):
        door.get("/x")
    server.shutdown()
    server.server_close()


def test_what_is_packed_is_unpacked() -> None:
    server = Raw(iter([gzip.compress(b'{"a": 1}')]), headers="Content-Encoding: gzip\r\n")
    with server.door() as door:
        assert door.get("/x").json() == {"a": 1}
    server.shutdown()
    server.server_close()


def test_a_server_that_drips_is_given_up_though_it_never_falls_silent() -> None:
    server = Raw((b" " for _ in range(1000)), pause=0.02)
    with server.door(seconds=0.1, timeout=5) as door, pytest.raises(ProviderError, match=r"longer than|in time"):
        door.get("/x")
    server.shutdown()
    server.server_close()


def test_a_server_that_drips_its_headers_is_given_up_too() -> None:
    server = Raw((b"X-%d: 1\r\n" % n for n in range(1000)), headers="X-Open: 1", pause=0.02)
    began = time.monotonic()
    with server.door(seconds=0.1, timeout=5) as door, pytest.raises(ProviderError, match="in time"):
        door.get("/x")
    assert time.monotonic() - began < 3
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("token", ["glpat-abc\ndef0123", "glpat-ａbcdef0123"])
def test_a_token_that_no_header_takes_is_not_repeated(token: str, server: Echo) -> None:
    with (
        Door(address=server.url, headers={"private-token": token}, secret=token, trusted_hosts=("127.0.0.1",)) as door,
        pytest.raises(ProviderError, match="cannot be written") as refused,
    ):
        door.get("/x")
    assert refused.value.permanent
    assert "glpat" not in f"{refused.value}{refused.value.advice}{refused.value.detail}"


def test_a_basic_header_that_is_sent_back_is_cut_out() -> None:
    from base64 import b64encode

    basic = b64encode(b"somebody@example.org:s3cret-token").decode()
    with Door(
        address="https://example.org", headers={"authorization": f"Basic {basic}"}, secret="s3cret-token"
    ) as door:
        assert door._clean(f"you sent Basic {basic} to us") == "you sent Basic … to us"


# --- addresses -------------------------------------------------------------------------------------------------------

HOSTILE = [
    "http://127.0.0.1/", "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/",
    "https://0x7f.1/", "https://017700000001/", "https://0177.0.0.1/", "https://127.0.0.1./", "https://0/",
    "https://0.0.0.0/", "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/",
    "https://100.64.0.1/", "https://198.18.0.1/", "https://192.0.2.1/", "https://224.0.0.1/", "https://255.255.255.255/",
    "https://240.0.0.1/", "https://192.88.99.1/", "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::1]/",
    "https://[2002:7f00:1::]/", "https://[2001:0:7f00:1::]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/", "https://[fd00:ec2::254]/", "https://[fec0::1]/", "https://[ff02::1]/", "https://[100::1]/",
    "https://[2001:db8::1]/", "https://[fe80::5efe:127.0.0.1]/", "https://[2a00::5efe:7f00:1]/", "https://localhost/",
    "https://LOCALHOST/", "https://a.localhost/", "https://printer.local/", "https://localhost./", "https://x.internal/",
    "https://good.example.org@127.0.0.1/", "https://user:secret@example.org/", "https://example.org\\@127.0.0.1/",
    "https://１２７.0.0.1/", "https://127。0。0。1/", "https://ⓛocalhost/", "https://exa mple.org/", "https://example.org\n/",
    "https:///path", "https://", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "example.org",
    "https://example.org:0/", "https://example.org:65536/", "https://example.org:/", "https://example..org/",
    "https://-example.org/", "https://[127.0.0.1]/", "https://[::1/", "javascript:alert(1)", "",
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
def test_a_hostile_address_is_refused_before_anybody_is_asked(address: str) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"]

    with pytest.raises(ProviderError) as refused, Door(address=address, resolve=resolve, sleep=lambda _: None) as door:
        door.get("/x")
    assert refused.value.permanent
    assert refused.value.advice
    assert not asked


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1"], ["10.0.0.1", "93.184.216.34"], ["93.184.216.34", "::1"], ["fd00::1"], [], ["not an address"]],
)
def test_a_name_that_leads_inside_is_refused(answers: list[str]) -> None:
    door = Door(address="https://example.org", resolve=lambda *_: answers, sleep=lambda _: None)
    with door, pytest.raises(ProviderError, match="private network"):
        door.get("/x")


def test_dns_that_changes_its_answer_gains_nothing(server: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    """First public, then ours: each connection goes to an address that was checked for it, or nowhere."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    connected: list[str] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        connected.append(address[0])
        raise OSError("no way out of this test")

    monkeypatch.setattr(socket, "create_connection", connect)
    address = f"https://rebind.example.org:{server.url.rpartition(':')[2]}"
    door = Door(address=address, resolve=lambda *_: next(answers), sleep=lambda _: None, most_tries=1)
    with door:
        with pytest.raises(ProviderError, match="cannot be reached"):
            door.get("/x")
        with pytest.raises(ProviderError, match="private network"):
            door.get("/x")
    assert connected == ["93.184.216.34"]
    assert not server.log


def test_the_connection_goes_to_the_checked_address_with_the_name_in_the_request(server: Echo) -> None:
    port = int(server.url.rpartition(":")[2])
    asked: list[str] = []

    def resolve(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    name = f"plumbline.example.org:{port}"
    with Door(address=f"http://{name}", trusted_hosts=(name,), resolve=resolve) as door:
        door.get("/x")
        door.get("/y")
    assert server.log[0].headers["host"] == name
    assert asked == ["plumbline.example.org"], "once for a connection, which is kept"


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert addresses.is_public(address)


def test_an_answer_knows_the_time_of_the_provider() -> None:
    answer = Answer(status=200, headers={}, body=b"", url="https://x.example.org/", at=NOW.replace(tzinfo=dt.UTC))
    assert answer.at == NOW
