"""Jira, Cloud and Data Center: issues as incidents, or as changes, found by a query or by their projects.

One stream, by `updated` ascending: always the first page, and the mark moves to the last issue on it, so that an issue
which changes while we read comes again at the end. The mark is asked for in milliseconds since 1970: a date in words
would be read in the time zone of the token's owner, and only to the minute.
"""

from __future__ import annotations

import re
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

from . import parse
from .client import Client

OVERLAP = timedelta(minutes=10)
FIRST = timedelta(days=90)
CHOICES = 100
_ORDER = re.compile(r"\s*\border\s+by\b.*\Z", re.IGNORECASE | re.DOTALL)


class JiraProvider:
    title = "Jira"
    feeds = "Incidents, time to restore"
    streams = ("issues",)
    asks = (parse.ISSUE, parse.CHANGE)
    serial = False
    windows = True
    guide: ClassVar[Guide] = Guide(
        address="",
        address_help="Jira Cloud: https://your-site.atlassian.net. Data Center: the address of its start page.",
        token="E-mail address and API token, as person@example.org:token; in Data Center a personal access token",  # noqa: S106
        token_where="Cloud: id.atlassian.com → Security. Data Center: your profile → Personal Access Tokens.",  # noqa: S106
        scopes=(
            Scope(name="read:jira-work", for_what="issues, their change log, and projects"),
            Scope(name="Browse projects", for_what="each project that is read"),
        ),
        chooses="projects",
        hook=Hook(
            where="Settings → System → WebHooks → Create a WebHook, with a secret",
            events=("issue created", "issue updated", "issue deleted"),
            secured_by="The secret below signs each delivery (X-Hub-Signature); a rule of Automation can send it as "
            "“Authorization: Bearer …” instead.",
        ),
        rules=("type", "label", "priority", "severity", "title", "service", "repository", "stage"),
        default_rules={
            "production": None,
            "incidents": [{"type": "*incident*, *outage*"}, {"label": "incident, outage"}],
            "services": [],
        },
    )

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        chosen = connection.settings
        self.severity_field = read.text(chosen.get("severity_field"), 60)
        self.kind = parse.CHANGE if chosen.get("as") == "changes" else parse.ISSUE
        self.client = Client(connection, [self.severity_field] if self.severity_field else [])

    def close(self) -> None:
        self.client.close()

    # --- connecting --------------------------------------------------------------------------------------------------

    def check(self) -> Found:
        person = self.client.person()
        listing = self.client.search(self._jql(datetime.now(UTC) - FIRST), limit=1)
        projects = self.search("")
        which = "Jira Cloud" if self.client.is_cloud else "Jira Data Center"
        as_whom = f" as {person}" if person else ""
        if not projects.choices:
            raise ProviderError(
                f"{which} answers{as_whom}, and shows no project.",
                advice="Give the person whose token this is the right to browse the projects.", permanent=True,
            )  # fmt: skip
        some = "" if listing.issues else " No issue of the past 90 days is found by this query."
        sentence = f"{which} answers{as_whom}: it shows issues and {_count(projects)}.{some}"
        return Found(sentence, can=("issues", "projects"), choices=projects.choices, more_choices=projects.more_choices)

    def search(self, words: str) -> Found:
        """Projects whose name or key holds `words`."""
        found, more = self.client.projects(words, CHOICES)
        choices = tuple(f"{read.text(one.get('name'), 150)} ({read.text(one.get('key'), 60)})" for one in found)
        return Found(f"{len(choices)} found.", choices=choices, more_choices=more)

    # --- reading -----------------------------------------------------------------------------------------------------

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        if cursor.get("over"):
            return Page(cursor=cursor, done=True, doing="nothing new")
        run = dict(cursor.get("run") or self._begun(cursor, now))
        mark, until = read.when(run["at"]), read.when(run["until"])
        assert mark is not None
        listing = self.client.search(self._jql(mark, until), after=run["after"])
        observations = [self._observed(issue) for issue in listing.issues]
        times = [at for issue in listing.issues if (at := read.when(read.at(issue, "fields", "updated")))]
        reached = max([mark, *times])
        run |= {"read": run["read"] + len(listing.issues)}
        found = tuple(one for one in observations if one is not None)
        total = run["read"] - len(listing.issues) + listing.total if listing.total is not None else None
        # what changed after this run began is for the next: else a busy Jira would never let it end
        if not listing.after or not listing.issues or reached > _began(run):
            after = {"over": True} if run["backfill"] else {"mark": min(reached, _began(run)).isoformat()}
            return Page(cursor=after, done=True, observations=found, read=run["read"], doing="done")
        if reached > mark:  # page 1 again, from the last issue on: what changed meanwhile comes at the end
            run |= {"at": reached.isoformat(), "after": ""}
        else:  # a whole page of one moment
            run |= {"after": listing.after}
        kept = {name: cursor[name] for name in ("mark", "since", "until") if name in cursor}
        return Page(
            cursor={**kept, "run": run}, done=False, observations=found, read=run["read"],
            total=max(total, run["read"]) if total is not None else None, doing="issues",
        )  # fmt: skip

    def _begun(self, cursor: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        mark = read.when(cursor.get("mark"))
        since = mark - OVERLAP if mark is not None else read.when(cursor.get("since")) or now - FIRST
        until = cursor.get("until") if mark is None else None
        return {
            "phase": "issues", "began": now.isoformat(), "at": since.isoformat(), "until": until, "after": "",
            "read": 0, "backfill": bool(until),
        }  # fmt: skip

    def _jql(self, since: datetime, until: datetime | None = None) -> str:
        parts = [f"updated >= {_milliseconds(since)}"]
        if until is not None:
            parts.append(f"updated < {_milliseconds(until)}")
        said = _ORDER.sub("", read.text(self.connection.settings.get("jql"), 2000))
        if said:
            parts.insert(0, f"({said})")
        if keys := _keys(self.connection.settings.get("projects")):
            parts.insert(0, f"project in ({', '.join(keys)})")
        return f"{' AND '.join(parts)} ORDER BY updated ASC, key ASC"

    def _observed(self, issue: Mapping[str, Any]) -> Observation | None:
        return parse.listed(
            issue, kind=self.kind, severity_field=self.severity_field, site=self.connection.address.rstrip("/")
        )

    def ask(self, kind: str, ids: Sequence[str], *, now: datetime) -> Asked:
        found, gone = [], []
        for identity in ids[:20]:
            issue = self.client.issue(identity)
            observation = self._observed(issue) if issue else None
            if observation is None:
                gone.append(identity)
            else:
                found.append(observation)
        return Asked(observations=tuple(found), gone=tuple(gone))

    @staticmethod
    def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
        return parse.derived(kind, told, now=now)

    # --- hearing -----------------------------------------------------------------------------------------------------

    @staticmethod
    def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
        given = push.headers.get("x-hub-signature", "").strip()
        if not given:
            signed.by_token(push, secrets)
            return
        method, _, signature = given.partition("=")
        if method.lower() != "sha256":
            raise Forged("The delivery is signed in a way that we do not know; sha256 is needed.")
        if not signed.any_same([signature.lower()], signed.hex_signatures(push.body, secrets)):
            raise Forged("The delivery's signature does not hold. Check the secret of the webhook.")

    @staticmethod
    def key(push: Push) -> str:
        identity = read.text(push.headers.get("x-atlassian-webhook-identifier"), 150)
        return f"delivery:{identity}" if identity else f"body:{read.digest(push.body)}"

    @staticmethod
    def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
        return parse.heard(push)

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("Jira's issues are observed.")


def _began(run: Mapping[str, Any]) -> datetime:
    at = read.when(run["began"])
    assert at is not None
    return at


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _keys(said: object) -> list[str]:
    """Project keys, quoted, of “Shop (SHOP)” or “SHOP”."""
    found = []
    for one in said if isinstance(said, list) else []:
        words = read.text(one, 250)
        key = words.rpartition(" (")[2][:-1] if words.endswith(")") and " (" in words else words
        if key:
            escaped = key.replace("\\", "").replace('"', "")
            found.append(f'"{escaped}"')
    return found


def _count(projects: Found) -> str:
    count = len(projects.choices)
    return f"{'over ' if projects.more_choices else ''}{count} project{'' if count == 1 else 's'}"
