"""Alertmanager's API (version 2): the alerts that fire now, and which version it is."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from metrics import read
from metrics.events import Connection, ProviderError
from metrics.http import Door


class Client:
    def __init__(self, connection: Connection) -> None:
        secret = connection.secret
        headers = {}
        if secret:  # “user:password” where a proxy wants that, else a bearer token
            basic = base64.b64encode(secret.encode()).decode()
            headers["Authorization"] = f"Basic {basic}" if ":" in secret else f"Bearer {secret}"
        self.door = Door(
            address=connection.address.rstrip("/"),
            headers=headers,
            secret=secret,
            trusted_hosts=connection.trusted_hosts,
        )

    def close(self) -> None:
        self.door.close()

    def alerts(self) -> list[Mapping[str, Any]]:
        """Every alert that fires now, the silenced and inhibited ones too."""
        said = self.door.get("/api/v2/alerts").json()
        if not isinstance(said, list):
            raise ProviderError(
                "This address answers without a list of alerts.",
                advice="Give the address of Alertmanager itself, as its own page shows it.",
            )
        return read.rows(said)

    def version(self) -> str:
        said = self.door.get("/api/v2/status").json()
        return read.text(read.at(said, "versionInfo", "version"), 40)
