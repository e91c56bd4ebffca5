"""Which network addresses a source may name: public ones only, each resolved address checked before it is used."""

from __future__ import annotations

import ipaddress
import socket

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
_TEREDO = ipaddress.ip_network("2001::/32")
_SHARED = ipaddress.ip_network("100.64.0.0/10")


class Refused(Exception):
    """This address may not be read; the message says why, `advice` what to do."""

    def __init__(self, sentence: str, advice: str = "") -> None:
        super().__init__(sentence)
        self.advice = advice


def is_public(address: str) -> bool:
    """Whether `address` (an IP address in words) is one that the open internet routes.

    Private, loopback, link-local, shared (CGNAT), multicast, reserved and metadata addresses are not, nor are the
    IPv6 forms that carry an IPv4 address inside: v4-mapped, 6to4, Teredo, NAT64.
    """
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None or any(ip in net for net in (_NAT64, _NAT64_LOCAL, _SIX_TO_FOUR, _TEREDO)):
            return False
    elif ip in _SHARED:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def check_host(host: str, port: int) -> list[str]:
    """The addresses of `host`, all public. Raises Refused when one is not, or when there is none."""
    if not host:
        raise Refused("The address names no host.", "Write it like https://host/path.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise Refused(f"The host name {host} is not known.", "Check the address.") from None
    addresses = sorted({str(row[4][0]) for row in found})
    if not all(is_public(address) for address in addresses):
        raise Refused(
            f"{host} is inside a private network.",
            "Ask an administrator to allow this host (PLUMBLINE_ALLOWED_HOSTS_FOR_SOURCES).",
        )
    return addresses
