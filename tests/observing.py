"""The smallest provider that observes: things with fields, signed pushes, a list to page and a limit to meet.

A thing's body is {"at": seconds, …}; newer fields win one by one, so that partial words in any order come to the same.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from metrics.events import (
    Asked,
    ChangeSeen,
    CommitSeen,
    Connection,
    DeploymentSeen,
    Derived,
    Etag,
    Forged,
    Found,
    Guide,
    Hook,
    IncidentSeen,
    JobSeen,
    Observation,
    Outcome,
    Page,
    Push,
    RateLimited,
    RunSeen,
    Tell,
    Unreadable,
)

START = datetime(2026, 11, 2, 9, tzinfo=UTC)


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else START + timedelta(seconds=seconds)


def said(kind: str, id_: str, at: float, **fields: Any) -> Observation:
    """One observation of a thing at `at` seconds after START."""
    body = json.dumps({"at": at, **fields}, sort_keys=True).encode()
    return Observation(kind=kind, id=id_, body=body, updated_at=moment(at))


class Observing:
    title = "Observing"
    feeds = "Everything"
    streams: tuple[str, ...] = ("things",)
    asks: tuple[str, ...] = ("deployment", "incident", "run")
    serial = True
    windows = True
    guide = Guide(
        address="https://observing.example.org", address_help="", token="Token", token_where="Settings",
        chooses="repositories", hook=Hook(where="Settings", events=("all",), secured_by="x-signature"),
        rules=("environment", "repository", "label"),
        default_rules={"production": [{"environment": "production"}]},
    )  # fmt: skip
    pages: ClassVar[list[list[Observation]]] = []  # what `fetch` reads, page by page
    answers: ClassVar[dict[str, Observation]] = {}  # what `ask` knows; the others are gone
    limits: ClassVar[list[RateLimited]] = []  # raised by the next calls
    called: ClassVar[list[tuple[str, ...]]] = []
    etags: ClassVar[dict[str, Etag]] = {}

    @classmethod
    def clean(cls) -> None:
        cls.pages, cls.answers, cls.limits, cls.called, cls.etags = [], {}, [], [], {}

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def check(self) -> Found:
        return Found("It answers.", can=("things",), choices=("acme/api", "acme/web"))

    def search(self, words: str) -> Found:
        return Found("Found.", choices=tuple(one for one in ("acme/api", "acme/web") if words in one))

    def parse(self, body: bytes, *, now: datetime) -> tuple[Any, ...]:
        raise Unreadable("Observed, not parsed.")

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        self.called.append(("fetch", stream))
        if self.limits:
            raise self.limits.pop(0)
        page = cursor.get("page", 0)
        last = page >= len(self.pages) - 1
        found = tuple(self.pages[page]) if page < len(self.pages) else ()
        again = {**cursor, "page": page + 1}
        return Page(observations=found, cursor=again, done=last, etags=self.etags, read=page + 1)

    def ask(self, kind: str, ids: Sequence[str], *, now: datetime) -> Asked:
        self.called.append(("ask", kind, *ids))
        found = tuple(self.answers[one] for one in ids if one in self.answers)
        return Asked(observations=found, gone=tuple(one for one in ids if one not in self.answers))

    @staticmethod
    def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
        given = push.headers.get("x-signature", "")
        if not any(hmac.compare_digest(given, sign(push.body, secret)) for secret in secrets):
            raise Forged("The signature does not hold.")

    @staticmethod
    def key(push: Push) -> str:
        return push.headers.get("x-delivery") or hashlib.sha256(push.body).hexdigest()

    @staticmethod
    def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
        try:
            found = json.loads(push.body)
        except ValueError as wrong:
            raise Unreadable("This is no JSON.") from wrong
        return tuple(said(one.pop("kind"), one.pop("id"), one.pop("at"), **one) for one in found)

    @staticmethod
    def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
        fields: dict[str, Any] = {}
        for one in sorted(told, key=lambda one: (one.updated_at, one.body)):  # type: ignore[arg-type,return-value]
            fields |= json.loads(one.body)
        if fields.get("unreadable"):
            raise Unreadable("Nobody understands this.", detail="it says unreadable")
        if fields.get("broken"):
            raise ZeroDivisionError("broken")
        return _MAKE[kind](told[0].id, fields, moment(fields["at"]))


def sign(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _deployment(id_: str, fields: Mapping[str, Any], at: datetime | None) -> Derived:
    outcome = Outcome(fields["outcome"]) if fields.get("outcome") else None
    environment, repository = fields.get("environment", "production"), fields.get("repository", "acme/api")
    seen = DeploymentSeen(
        provider_id=id_, service=repository, environment=environment, production=environment == "production",
        sha=fields.get("sha", ""), ref="main", outcome=outcome or Outcome.UNKNOWN, raw_outcome=str(outcome or ""),
        started_at=moment(fields.get("started")), finished_at=moment(fields.get("finished")), repository=repository,
        updated_at=at, traits={"via": "deployment", "environment": environment, "repository": repository},
    )  # fmt: skip
    return Derived(events=(seen,) if outcome else (), open=outcome is None)


def _incident(id_: str, fields: Mapping[str, Any], at: datetime | None) -> Derived:
    start, end = moment(fields.get("started", 0)), moment(fields.get("resolved"))
    assert start is not None
    seen = IncidentSeen(
        provider_id=id_, service=fields.get("repository", "acme/api"), title=fields.get("title", id_), started_at=start,
        resolved_at=end, updated_at=at, traits={"label": tuple(fields.get("labels", ())), "repository": "acme/api"},
    )  # fmt: skip
    return Derived(events=(seen,), open=end is None)


def _run(id_: str, fields: Mapping[str, Any], at: datetime | None) -> Derived:
    outcome = Outcome(fields["outcome"]) if fields.get("outcome") else None
    jobs = tuple(JobSeen(provider_id=name, name=name, outcome=outcome) for name in fields.get("jobs", ()))
    seen = RunSeen(
        provider_id=id_, workflow=fields.get("workflow", "CI"), repository="acme/api", service="acme/api",
        branch="main", sha=fields.get("sha", ""), outcome=outcome, finished_at=moment(fields.get("finished")),
        jobs=jobs, updated_at=at,
        traits={"via": "run", "workflow": fields.get("workflow", "CI"), "repository": "acme/api", "branch": "main"},
    )  # fmt: skip
    return Derived(events=(seen,), open=outcome is None)


def _commit(id_: str, fields: Mapping[str, Any], at: datetime | None) -> Derived:
    seen = CommitSeen(
        sha=id_, repository=fields.get("repository", "acme/api"), parents=tuple(fields.get("parents", ())),
        title=fields.get("title", id_), author="Ada", authored_at=at, committed_at=at,
    )  # fmt: skip
    return Derived(events=(seen,))


def _pull(id_: str, fields: Mapping[str, Any], at: datetime | None) -> Derived:
    if not fields.get("merged"):
        return Derived(why="a pull request that is not merged")
    seen = ChangeSeen(
        sha=fields["merged"], repository=fields.get("repository", "acme/api"), number=id_, title=f"Pull {id_}",
        author="Ada", commits=tuple(fields.get("commits", ())), titles=tuple(fields.get("titles", ())),
        first_commit_at=moment(fields.get("first", 0)), merged_at=moment(fields.get("merged_at", fields["at"])),
        updated_at=at,
    )  # fmt: skip
    return Derived(events=(seen,))


_MAKE = {"deployment": _deployment, "incident": _incident, "run": _run, "commit": _commit, "pull": _pull}
