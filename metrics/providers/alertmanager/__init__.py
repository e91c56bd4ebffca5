"""Alertmanager: its webhook tells of alerts; its list of firing alerts, where we may read it, makes up what is missed.

The stream `alerts` compares the list with the one before: what is new fires, and what is gone has ended. Nothing older
than what fires now can be read; Alertmanager keeps no past. Grafana's alerting sends the same bodies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from metrics import read, signed
from metrics.events import (
    Asked,
    Connection,
    Derived,
    Event,
    Forged,
    Found,
    Guide,
    Hook,
    Observation,
    Page,
    ProviderError,
    Push,
    Scope,
    Tell,
    Unreadable,
)

from . import parse
from .client import Client

MOST = 5000  # alerts that are compared from one list to the next
NOT_INCIDENTS = "/^(?!(none|info|informational|debug)$)/"


class AlertmanagerProvider:
    title = "Alertmanager"
    feeds = "Incidents, time to restore"
    streams = ("alerts",)
    asks = (parse.ALERT, parse.GROUP)
    serial = False
    windows = False
    guide: ClassVar[Guide] = Guide(
        address="",
        address_help="Where Alertmanager can be read, such as https://alertmanager.example.org. Leave it empty when it "
        "cannot be reached from here: then alerts that a delivery hid, or whose end was not sent, stay unknown.",
        token="Token, or user:password",  # noqa: S106 (what it is called)
        token_where="Of the proxy in front of Alertmanager; leave it empty when there is none.",  # noqa: S106
        scopes=(Scope(name="GET /api/v2/alerts", for_what="alerts that fire now", needed=False),),
        chooses="",
        hook=Hook(
            where="alertmanager.yml: a receiver with webhook_configs, url: the address below, send_resolved: true, "
            "http_config: authorization: credentials: the secret below",
            events=("firing", "resolved"),
            secured_by="The secret below is sent as “Authorization: Bearer …”, or as the password of basic_auth.",
        ),
        rules=("title", "severity", "service", "type", "label", "environment"),
        default_rules={"production": None, "incidents": [{"severity": NOT_INCIDENTS}], "services": []},
    )

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = Client(self.connection)
        return self._client

    @property
    def can_read(self) -> bool:
        return bool(self.connection.address.strip())

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def check(self) -> Found:
        if not self.can_read:
            return Found(
                "Alerts come by webhook only: no address is given where they could be read.",
                cannot=("the list of firing alerts",),
            )
        alerts = self.client.alerts()
        version, can = "", ["alerts"]
        try:
            version = self.client.version()
            can.append("status")
        except ProviderError:  # some proxies let only the alerts through, and those are enough
            pass
        called = f"Alertmanager {version}" if version else "Alertmanager"
        fire = "1 alert fires" if len(alerts) == 1 else f"{len(alerts)} alerts fire"
        return Found(f"{called} answers: {fire} now.", {"version": version, "alerts": len(alerts)}, can=tuple(can))

    def search(self, words: str) -> Found:
        return Found("Nothing is chosen here: rules decide which alerts are incidents.")

    # --- reading -----------------------------------------------------------------------------------------------------

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        """One look at the list. The cursor holds what fired at the one before: id → [what it said, its timeout]."""
        if not self.can_read:
            return Page(cursor={}, done=True, doing="webhook only")
        before = read.table(cursor.get("firing"))
        firing: dict[str, list[str]] = {}
        found: list[Observation] = []
        alerts = self.client.alerts()
        for alert in alerts:
            identity = parse.identity_of(alert)
            if not identity or not _fires(alert, now) or len(firing) >= MOST:
                continue
            said = read.digest(read.encoded(parse.what_counts(alert)))[:16]
            firing[identity] = [said, str(alert.get("endsAt") or "")]
            if read.at(before.get(identity), 0) != said:
                found.append(parse.shown(alert, now=now))
        gone = [identity for identity in before if identity not in firing]
        found += [parse.vanished(key, read.when(read.at(before.get(key), 1)), now=now) for key in gone]
        return Page(
            cursor={"firing": firing}, done=True, observations=tuple(found), read=len(firing), doing="firing alerts",
            notes=_notes(len(gone), len(alerts)),
        )  # fmt: skip

    def ask(self, kind: str, ids: Sequence[str], *, now: datetime) -> Asked:
        """Whether alerts still fire; and, for a delivery that hid some, every alert that fires."""
        if not self.can_read:
            hidden = [parse.reconciled(one, read_there=False) for one in ids if kind == parse.GROUP]
            return Asked(observations=tuple(hidden))
        alerts = {
            identity: alert
            for alert in self.client.alerts()
            if (identity := parse.identity_of(alert)) and _fires(alert, now)
        }
        if kind == parse.GROUP:
            seen = [parse.shown(alert, now=now) for alert in alerts.values()]
            return Asked(observations=(*seen, *(parse.reconciled(one, read_there=True) for one in ids)))
        return Asked(observations=tuple(parse.vanished(one, None, now=now) for one in ids if one not in alerts))

    @staticmethod
    def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
        return parse.derived(kind, told, now=now)

    # --- hearing -----------------------------------------------------------------------------------------------------

    @staticmethod
    def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
        given = push.headers.get("x-grafana-alerting-signature", "").strip().lower()
        if given and not push.headers.get("authorization"):
            if not signed.any_same([given], signed.hex_signatures(push.body, secrets)):
                raise Forged("The delivery's signature does not hold. Check the secret.")
            return
        signed.by_token(push, secrets)

    @staticmethod
    def key(push: Push) -> str:
        """There is no id: a body that is the same to the letter says nothing new."""
        return f"body:{read.digest(push.body)}"

    @staticmethod
    def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
        return parse.heard(push, now=now)

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("Alertmanager's alerts are observed.")


def _fires(alert: Mapping[str, Any], now: datetime) -> bool:
    """The end of a firing alert is its timeout, in the future."""
    ends = read.when(alert.get("endsAt"))
    return ends is None or ends > now


def _notes(gone: int, alerts: int) -> tuple[str, ...]:
    notes = []
    if gone:
        what = "1 alert fires no longer" if gone == 1 else f"{gone} alerts fire no longer"
        notes.append(f"{what}. Where no end was told, the moment at which the list had lost it counts.")
    if alerts > MOST:
        notes.append(f"{alerts:,} alerts fire; the first {MOST:,} are compared from one look to the next.")
    return tuple(notes)
