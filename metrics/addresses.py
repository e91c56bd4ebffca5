"""Which network addresses a source may name: public ones only, each resolved address checked before it is used.

Addresses are read strictly: what browsers and libraries read in different ways (other spellings of numbers, a name and
password in front of the host, backslashes, full-width letters) is refused rather than interpreted.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection
from typing import NamedTuple

_INSIDE = tuple(
    ipaddress.ip_network(net)
    for net in (
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "2002::/16",  # 6to4
        "2001::/23",  # Teredo, benchmarking, ORCHID and other special purposes
        "2001:db8::/32",  # documentation
        "3fff::/20",
        "::/96",  # IPv4 in old clothes
        "::ffff:0:0:0/96",
        "fec0::/10",  # site-local
        "100::/64",  # discard
        "fd00:ec2::/32",  # metadata of a cloud; unique local anyway
        "5f00::/16",
        "100.64.0.0/10",  # shared (CGNAT)
        "192.0.0.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "198.18.0.0/15",  # benchmarking
        "240.0.0.0/4",
        "0.0.0.0/8",
    )
)
_LOCAL_NAMES = ("localhost", "local", "localdomain", "internal", "intranet", "home.arpa", "lan", "onion", "invalid")
_ISATAP = re.compile(r":(?:0{0,4}|200):5efe:")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\Z")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z")


class Refused(Exception):
    """This address may not be read; the message says why, `advice` what to do."""

    def __init__(self, sentence: str, advice: str = "") -> None:
        super().__init__(sentence)
        self.advice = advice


class Parts(NamedTuple):
    """An address taken apart. `path` begins with a slash or is empty; the host is lower case, without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


_PORTS = {"https": 443, "http": 80}
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<netloc>[^/?#]+)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#.*)?\Z", re.IGNORECASE
)
ADVICE = "Write it like https://host/path."


def parse(address: str) -> Parts:
    """Take a web address apart. Raises Refused for anything that two readers could read in two ways."""
    if any(ord(sign) <= 32 or ord(sign) == 127 for sign in address) or "\\" in address:
        raise Refused("The address holds a space, a control character or a backslash.", ADVICE)
    found = _ADDRESS.match(address)
    if found is None:
        raise Refused("That is no web address.", ADVICE)
    scheme, netloc = found["scheme"].lower(), found["netloc"]
    if "@" in netloc:
        raise Refused("The address holds a name or a password before the host.", "Enter the token in its own field.")
    host, port = _host_and_port(netloc, _PORTS[scheme])
    return Parts(scheme, host, port, found["path"] or "", found["query"] or "")


def _host_and_port(netloc: str, usual: int) -> tuple[str, int]:
    if netloc.startswith("["):
        inside, _, rest = netloc[1:].partition("]")
        try:
            host = str(ipaddress.IPv6Address(inside))
        except ValueError:
            raise Refused("The host between brackets is no IPv6 address.", ADVICE) from None
        if "%" in inside or (rest and not rest.startswith(":")):
            raise Refused("The host between brackets is no IPv6 address.", ADVICE)
        port = rest[1:]
    else:
        host, colon, port = netloc.partition(":")
        if colon and not port:
            raise Refused("The address ends in a colon without a port.", ADVICE)
        host = host.lower()
        if not host.isascii() or not _HOST.match(host) or ".." in host:
            raise Refused("The host's name holds letters that we do not take.", "Write it in plain letters (xn--…).")
    if port and (not port.isascii() or not port.isdigit() or len(port) > 5 or not 0 < int(port) < 65536):
        raise Refused("The port is not a number from 1 to 65535.", ADVICE)
    return host, int(port) if port else usual


def is_public(address: str) -> bool:
    """Whether `address` (an IP address in words) is one that the open internet routes.

    Private, loopback, link-local, shared (CGNAT), multicast, reserved, documentation and metadata addresses are not,
    nor are the IPv6 forms that carry an IPv4 address inside: v4-mapped, v4-compatible, 6to4, Teredo, NAT64, ISATAP.
    """
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped is not None or _ISATAP.search(ip.exploded)):
        return False
    if any(ip in net for net in _INSIDE if net.version == ip.version):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


def check_name(host: str) -> None:
    """Raises Refused for a name that never means a public host, and for numbers that are not written plainly."""
    if not host:
        raise Refused("The address names no host.", ADVICE)
    bare = host.rstrip(".").lower()
    last = bare.rpartition(".")[2]
    if last in _LOCAL_NAMES or bare.endswith(".home.arpa"):
        raise Refused(f"{host} is inside a private network.", ALLOW)
    if ":" not in bare and _NUMBER.match(last):
        try:
            ipaddress.IPv4Address(bare)
        except ValueError:
            raise Refused(f"{host} is a number that can be read in several ways.", ADVICE) from None


ALLOW = "Ask an administrator to allow this host (PLUMBLINE_ALLOWED_HOSTS_FOR_SOURCES)."


def check_host(host: str, port: int) -> list[str]:
    """The addresses of `host`, all public. Raises Refused when one is not, or when there is none."""
    check_name(host)
    return check_addresses(host, resolve(host, port))


def resolve(host: str, port: int) -> list[str]:
    """The addresses that DNS names now. Raises Refused when there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise Refused(f"The host name {host} is not known.", "Check the address.") from None
    return sorted({str(row[4][0]) for row in found})


def check_addresses(host: str, addresses: Collection[str]) -> list[str]:
    """`addresses`, when all of them are public: one that is not spoils the name. Raises Refused."""
    if not addresses or not all(is_public(address) for address in addresses):
        raise Refused(f"{host} is inside a private network.", ALLOW)
    return list(addresses)


def is_trusted(host: str, port: int, trusted: Collection[str]) -> bool:
    """Whether an administrator has allowed this host, or this host with this port."""
    return host in trusted or f"{host}:{port}" in trusted or f"[{host}]:{port}" in trusted
