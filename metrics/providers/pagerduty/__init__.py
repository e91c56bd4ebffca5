"""PagerDuty: incidents, by the list of those created at first, and by the log of what happens to them ever after.

One stream. Its first run reads the incidents created since the wished day, then all log entries since then (older
incidents that went on), then the incidents that are still open, however old. Each later run reads the log entries since
the one before, with ten minutes of overlap. A window with over 10,000 rows is halved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
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

from . import parse, spans
from .client import ADDRESS, LIMIT, WALL, Client, Listing

OVERLAP = timedelta(minutes=10)
FIRST = timedelta(days=90)  # read at first when nothing else was wished
CHOICES = 100


class PagerDutyProvider:
    title = "PagerDuty"
    feeds = "Incidents, time to restore, change failure rate"
    streams = ("incidents",)
    asks = (parse.KIND,)
    serial = False
    windows = True
    guide: ClassVar[Guide] = Guide(
        address=ADDRESS,
        address_help="Accounts in Europe use https://api.eu.pagerduty.com.",
        token="REST API key",  # noqa: S106 (what it is called)
        token_where="Integrations → Developer Tools → API Access Keys, “Read-only” ticked",  # noqa: S106
        scopes=(
            Scope(name="Read-only API Key", for_what="incidents, their log entries and services"),
            Scope(name="incidents.read, services.read", for_what="the same, for a scoped OAuth token", needed=False),
        ),
        chooses="services",
        hook=Hook(
            where="Integrations → Generic Webhooks (v3) → New Webhook, scope type Account or Service",
            events=(
                "incident.triggered", "incident.acknowledged", "incident.unacknowledged", "incident.resolved",
                "incident.reopened", "incident.priority_updated", "incident.reassigned", "incident.escalated",
            ),
            secured_by="PagerDuty makes the secret and shows it once: paste it here. It signs each delivery "
            "(X-PagerDuty-Signature).",
        ),
        rules=("service", "title", "urgency", "priority", "type", "label"),
        default_rules={"production": None, "incidents": None, "services": []},
    )  # fmt: skip

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.client = Client(connection)
        self.chosen = _chosen(connection.settings.get("services"))

    def close(self) -> None:
        self.client.close()

    # --- connecting --------------------------------------------------------------------------------------------------

    def check(self) -> Found:
        named = {"incidents": "incidents", "log_entries": "log entries", "services": "services"}
        may = {words: self.client.may(path) for path, words in named.items()}
        can = tuple(words for words, allowed in may.items() if allowed)
        cannot = tuple(words for words, allowed in may.items() if not allowed)
        if not can:
            raise ProviderError(
                "PagerDuty knows this key, but it may read nothing we need.",
                advice="Make a read-only key of the account and enter that.",
                permanent=True,
            )
        sentence = f"The key can read {_and(can)}" + (f", cannot read {_and(cannot)}." if cannot else ".")
        found = self.search("") if may["services"] else Found("")
        return Found(sentence, can=can, cannot=cannot, choices=found.choices, more_choices=found.more_choices)

    def search(self, words: str) -> Found:
        """Services whose name holds `words`."""
        listing = self.client.services(words)
        choices = tuple(_choice(row) for row in listing.rows[:CHOICES] if read.ident(row.get("id")))
        count = f"{len(choices)} service{'' if len(choices) == 1 else 's'}"
        return Found(f"{count} found.", choices=choices, more_choices=listing.more)

    # --- reading -----------------------------------------------------------------------------------------------------

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        if cursor.get("over"):
            return Page(cursor=cursor, done=True, doing="nothing new")
        run = dict(cursor.get("run") or self._begun(cursor, now))
        phase = run["phases"][0]
        if phase == "open":
            return self._open(run, cursor)
        if not run["windows"]:
            return self._next_phase(run, cursor, ())
        window = run["windows"][-1]
        listing = self._listing(phase, window, run["offset"])
        if run["offset"] == 0 and (listing.total or 0) > WALL and (two := spans.halves(window)):
            return self._on(run | {"windows": [*run["windows"][:-1], *two]}, cursor, ())
        read_now = run["offset"] + len(listing.rows)
        found = self._observed(phase, listing.rows)
        notes = list(run["notes"])
        done_with_window = not listing.more or not listing.rows
        if not done_with_window and run["offset"] + 2 * LIMIT > WALL:
            if two := spans.halves(window):  # it was not counted, and is longer than may be read
                return self._on(run | {"windows": [*run["windows"][:-1], *two], "offset": 0}, cursor, found)
            notes.append(f"Over {WALL:,} rows at {window[0]}: PagerDuty gives no more than that of one second.")
            done_with_window = True
        run |= {"read": run["read"] + len(listing.rows), "notes": notes}
        if done_with_window:
            run |= {"windows": run["windows"][:-1], "offset": 0, "reached": window[0]}
        else:
            run |= {"offset": read_now}
        if done_with_window and not run["windows"]:
            return self._next_phase(run, cursor, found)
        return self._on(run, cursor, found, total=listing.total if len(run["windows"]) < 2 else None)

    def _begun(self, cursor: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        mark = read.when(cursor.get("mark"))
        began = now.astimezone(UTC).replace(microsecond=0)
        if mark is not None:
            since, until, phases = mark - OVERLAP, began, ["changed"]
        else:
            since = read.when(cursor.get("since")) or began - FIRST
            until = min(read.when(cursor.get("until")) or began, began)
            phases = ["created", "changed"] if cursor.get("until") else ["created", "changed", "open"]
        return {
            "phases": phases, "phase": phases[0], "began": began.isoformat(), "since": since.isoformat(),
            "until": until.isoformat(), "windows": spans.covering(since, until), "offset": 0, "read": 0, "notes": [],
            "backfill": bool(cursor.get("until")) and mark is None,
        }  # fmt: skip

    def _listing(self, phase: str, window: spans.Window, offset: int) -> Listing:
        since, until = spans.times(window)
        # until is not part of the window there, and whole seconds are compared: what happens in its second counts too
        until += timedelta(seconds=1)
        if phase == "created":
            return self.client.incidents(since, until, offset, self._service_ids())
        return self.client.log_entries(since, until, offset)

    def _open(self, run: dict[str, Any], cursor: Mapping[str, Any]) -> Page:
        listing = self.client.open_incidents(run["offset"], self._service_ids())
        found = self._observed("open", listing.rows)
        run |= {"read": run["read"] + len(listing.rows), "offset": run["offset"] + len(listing.rows)}
        if listing.more and listing.rows and run["offset"] + LIMIT <= WALL:
            return self._on(run, cursor, found)
        if listing.more and listing.rows:
            run["notes"] = [*run["notes"], f"Over {WALL:,} incidents are open; the newest of them were not read."]
        return self._next_phase(run, cursor, found)

    def _next_phase(self, run: dict[str, Any], cursor: Mapping[str, Any], found: tuple[Observation, ...]) -> Page:
        phases = run["phases"][1:]
        if phases:
            since, until = read.when(run["since"]), read.when(run["until"])
            assert since is not None
            assert until is not None
            begun = {"phases": phases, "phase": phases[0], "windows": spans.covering(since, until), "offset": 0}
            return self._on(run | begun, cursor, found)
        after = {"over": True} if run["backfill"] else {"mark": run["began"]}
        return Page(
            cursor=after, done=True, observations=found, read=run["read"], reached=read.when(run["since"]),
            doing="done", notes=tuple(run["notes"]),
        )  # fmt: skip

    def _on(
        self,
        run: dict[str, Any],
        cursor: Mapping[str, Any],
        found: tuple[Observation, ...],
        total: int | None = None,
    ) -> Page:
        kept = {name: cursor[name] for name in ("mark", "since", "until") if name in cursor}
        words = {"created": "incidents", "changed": "log entries", "open": "open incidents"}
        return Page(
            cursor={**kept, "run": run}, done=False, observations=found, read=run["read"], total=total,
            reached=read.when(run.get("reached")), doing=words[run["phase"]], notes=tuple(run["notes"]),
        )  # fmt: skip

    def _observed(self, phase: str, rows: Sequence[Mapping[str, Any]]) -> tuple[Observation, ...]:
        if phase == "changed":
            return tuple(parse.logged([row for row in rows if self._is_chosen(read.table(row.get("incident")))]))
        found = (parse.listed(row) for row in rows if self._is_chosen(row))
        return tuple(one for one in found if one is not None)

    # --- which services ----------------------------------------------------------------------------------------------

    def _is_chosen(self, incident: Mapping[str, Any]) -> bool:
        """An incident whose service is not told (a reference only) is kept: a question by id will tell."""
        service = read.table(incident.get("service"))
        if not self.chosen or not service:
            return True
        names = {read.ident(service.get("id")), read.text(service.get("summary"), 200).lower()}
        return bool(names & (self.chosen | {one.lower() for one in self.chosen}))

    def _service_ids(self) -> Sequence[str]:
        """The ids to ask for, when each chosen service is written with its own."""
        ids = _ids_only(self.connection.settings.get("services"))
        return ids or ()

    # --- asking, hearing, working out --------------------------------------------------------------------------------

    def ask(self, kind: str, ids: Sequence[str], *, now: datetime) -> Asked:
        found, gone = [], []
        for identity in ids[:20]:
            incident = self.client.incident(identity)
            observation = parse.listed(incident) if incident else None
            if observation is None:
                gone.append(identity)
            else:
                found.append(observation)
        return Asked(observations=tuple(found), gone=tuple(gone))

    @staticmethod
    def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
        return parse.derived(told, now=now)

    @staticmethod
    def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
        given = [part.strip() for part in push.headers.get("x-pagerduty-signature", "").split(",")]
        versions = [part[3:].lower() for part in given if part.startswith("v1=")]
        if not versions:
            raise Forged("The delivery has no X-PagerDuty-Signature of version 1.")
        if not signed.any_same(versions[:20], signed.hex_signatures(push.body, secrets)):
            raise Forged("The delivery's signature does not hold. Paste the secret that PagerDuty showed.")

    @staticmethod
    def key(push: Push) -> str:
        try:
            identity = read.ident(read.at(read.decoded(push.body), "event", "id"))
        except Unreadable:
            identity = ""
        return identity or f"body:{read.digest(push.body)}"

    @staticmethod
    def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
        return parse.heard(push)

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("PagerDuty's events are observed.")


def _choice(row: Mapping[str, Any]) -> str:
    """“Checkout (PIKL83L)”: names are not unique."""
    return f"{read.text(row.get('name') or row.get('summary'), 150)} ({read.ident(row.get('id'))})"


def _named(said: object) -> list[str]:
    return [one.strip() for one in said if isinstance(one, str) and one.strip()] if isinstance(said, list) else []


def _chosen(said: object) -> frozenset[str]:
    """Ids and names of the chosen services, as written: with the id in brackets, or either alone."""
    found: set[str] = set()
    for one in _named(said):
        _, bracket, rest = one.rpartition(" (")
        found.add(rest[:-1] if bracket and rest.endswith(")") and rest[:-1].isalnum() else one)
        if not bracket:
            found.add(one.lower())
    return frozenset(found)


def _ids_only(said: object) -> list[str]:
    named = _named(said)
    ids = [one.rpartition(" (")[2][:-1] for one in named if one.endswith(")") and " (" in one]
    return ids if len(ids) == len(named) and all(one.isalnum() for one in ids) else []


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
