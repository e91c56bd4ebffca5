"""A real mail server on 127.0.0.1: it keeps what it takes, and can refuse, put off, hang up or stay silent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Any, Self

from aiosmtpd.controller import Controller

Answer = str | None


@dataclass
class Letter:
    sender: str
    to: list[str]
    body: bytes

    @property
    def message(self) -> Message:
        return message_from_bytes(self.body)

    def part(self, kind: str) -> bytes:
        """The first part of a type, decoded."""
        found = next(one for one in self.message.walk() if one.get_content_type() == kind)
        payload = found.get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload


class _AnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """Use as a context manager. `answers` has an SMTP answer for an address; `data` one for what it is sent."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.answers: dict[str, str] = {}
        self.data: Callable[[Letter], Answer] | None = None
        self.silent_after_data = False
        self.calls = 0

    # what aiosmtpd calls
    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:  # noqa: N802, E501
        self.calls += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        answer = self.answers.get(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        letter = Letter(envelope.mail_from, list(envelope.rcpt_tos), envelope.content)
        answer = self.data(letter) if self.data else None
        if answer is None or answer.startswith("2"):
            self.letters.append(letter)
        if self.silent_after_data:
            await self._quiet.wait()
        return answer or "250 taken"

    def __enter__(self) -> Self:
        self._controller = _AnyPort(self, hostname="127.0.0.1", port=0)
        self._controller.start()
        self._quiet = asyncio.Event()
        self.port = self._controller.port
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.loop.call_soon_threadsafe(self._quiet.set)
        with contextlib.suppress(RuntimeError):
            self._controller.stop()
