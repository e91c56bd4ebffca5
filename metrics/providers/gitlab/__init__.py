"""GitLab, gitlab.com and self-managed: deployments, pipelines, merge requests, commits, incidents and releases.

Each is a stream of its own and goes through the chosen projects one by one. The cursor holds the projects of the run
under way, where the reading of the present one stands, and per project how far the last run came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from metrics import read
from metrics.events import (
    Asked,
    Connection,
    Derived,
    Etag,
    Event,
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

from . import check, hooks, parse, reading
from .client import Client
from .listings import LISTINGS, ask
from .reading import OVERLAP, Step, stamp
from .told import Project

MOST_PROJECTS = 500
NAMED_AT_ONCE = 20
REQUESTS_A_PAGE = 25
A_YEAR = timedelta(days=366)
NOTES = 20
_BEGUN = {"phase": "projects", "projects": [], "named": 0, "next": "", "at": 0, "read": 0, "notes": []}


class GitLabProvider:
    title = "GitLab"
    feeds = "Deployments, lead time, pipelines, incidents"
    streams = ("deployments", "pipelines", "merge_requests", "commits", "incidents", "releases")
    asks = ("deployment", "pipeline", "merge_request", "commit", "issue", "release")
    serial = False
    windows = True
    guide = Guide(
        address="https://gitlab.com",
        address_help="For a GitLab of your own its address, such as https://gitlab.example.org.",
        token="Access token of a project, a group or a person",  # noqa: S106
        token_where="Settings → Access tokens of the project or group, role Reporter; or your own preferences.",  # noqa: S106
        scopes=(Scope(name="read_api", for_what="reads deployments, pipelines, merge requests, issues and releases"),),
        chooses="projects",
        hook=Hook(
            where="In the project or group: Settings → Webhooks → Add new webhook.",
            events=(
                "Deployment events", "Pipeline events", "Job events", "Merge request events", "Comments", "Push events",
                "Issues events", "Releases events",
            ),
            secured_by="Enter the secret below as the secret token; one that begins with whsec_ as the signing token.",
        ),
        rules=(
            "via", "repository", "environment", "tier", "job", "stage", "branch", "tag", "label", "severity", "type",
            "title",
        ),
        default_rules={"production": [{"tier": "production"}], "incidents": [{"type": "incident"}], "services": []},
    )  # fmt: skip

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        said = connection.settings.get("projects") or ()
        self.chosen = tuple(dict.fromkeys(name for one in said if (name := read.text(one, 300)))) if isinstance(
            said, Sequence) and not isinstance(said, str) else ()  # fmt: skip

    @cached_property
    def client(self) -> Client:
        return Client(self.connection)

    def check(self) -> Found:
        return check.check(self.client, self.chosen, anonymous=not self.connection.secret)

    def search(self, words: str) -> Found:
        return check.search(self.client, words)

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("GitLab's webhooks are observations.")

    @staticmethod
    def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
        return parse.derive(kind, told, now=now)

    def ask(self, kind: str, ids: Sequence[str], *, now: datetime) -> Asked:
        return ask(self.client, kind, list(ids))

    @staticmethod
    def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
        hooks.verify(push, secrets, now=now)

    @staticmethod
    def key(push: Push) -> str:
        return hooks.key(push)

    @staticmethod
    def hear(push: Push, *, now: datetime) -> tuple[Observation, ...]:
        return hooks.hear(push)

    def close(self) -> None:
        if "client" in self.__dict__:
            self.client.close()

    # --- reading -----------------------------------------------------------------------------------------------------

    def fetch(self, stream: str, cursor: Mapping[str, Any], *, now: datetime, tell: Tell) -> Page:
        if cursor.get("ended"):
            return Page(cursor=cursor, done=True)
        run = dict(cursor.get("run") or {})
        if not run:
            run = {
                "began": stamp(now),
                "phase": "projects",
                "projects": [],
                "named": 0,
                "next": "",
                "at": 0,
                "read": 0,
                "notes": [],
            }
        if run["phase"] == "projects":
            return self._projects(run, cursor, tell)
        return self._read(stream, run, cursor, now, tell)

    def _projects(self, run: dict[str, Any], cursor: Mapping[str, Any], tell: Tell) -> Page:
        """Which projects this run reads: those that were chosen, or all that the token is a member of."""
        etags: dict[str, Etag] = {}
        if self.chosen:
            names = self.chosen[run["named"] : run["named"] + NAMED_AT_ONCE]
            for name in names:
                tell("projects", run["named"], len(self.chosen))
                project = self.client.named(name, etags)
                if project is None:
                    _note(run, f"{name} is gone, or hidden from this token.")
                elif project.id not in {one[0] for one in run["projects"]}:
                    run["projects"] = [*run["projects"], [project.id, project.path, project.branch, project.url]]
                    if project.path and name != project.path and not name.isdigit():
                        _note(run, f"{name} is called {project.path} now.")
            run["named"] += len(names)
            over = run["named"] >= len(self.chosen)
        else:
            found, run["next"] = self.client.memberships(run["next"], etags)
            run["projects"] = [*run["projects"], *([one.id, one.path, one.branch, one.url] for one in found)]
            if len(run["projects"]) > MOST_PROJECTS:
                run["projects"], run["next"] = run["projects"][:MOST_PROJECTS], ""
                _note(run, f"The token sees more than {MOST_PROJECTS} projects; these are read. Choose those you need.")
            over = not run["next"]
        if over and not run["projects"]:
            raise ProviderError(
                "GitLab shows this token none of the projects that were chosen." if self.chosen
                else "GitLab shows this token no project.",
                advice="They may have been deleted, or the token's owner is no member any more. Choose projects anew.",
                permanent=True,
            )  # fmt: skip
        if over:
            run["phase"] = "read"
        return Page(cursor={**cursor, "run": run}, done=False, etags=etags, doing="projects", notes=tuple(run["notes"]))

    def _read(self, stream: str, run: dict[str, Any], cursor: Mapping[str, Any], now: datetime, tell: Tell) -> Page:
        """As many steps as make one page: idle projects cost one request each and share it."""
        marks, names = dict(cursor.get("marks") or {}), dict(cursor.get("names") or {})
        observations: list[Observation] = []
        etags: dict[str, Etag] = {}
        reached = None
        requests = 0
        while run["at"] < len(run["projects"]) and not observations and requests < REQUESTS_A_PAGE:
            project = Project(**dict(zip(("id", "path", "branch", "url"), run["projects"][run["at"]], strict=True)))
            tell(f"{stream.replace('_', ' ')} of {project.path}", run["at"], len(run["projects"]))
            if names.get(project.id, project.path) != project.path:
                # its things are held under its old name: read them again, so that they are all in one place
                _note(run, f"{names[project.id]} is called {project.path} now, and is read again.")
                marks.pop(project.id, None)
                run["again"] = project.id
            names[project.id] = project.path
            step = self._step(stream, project, run, cursor, marks.get(project.id), tell, now)
            observations += step.observations
            etags |= step.etags
            requests += step.requests
            reached = read.earliest(reached, step.reached)
            for note in step.notes:
                _note(run, note)
            if step.done:
                if top := step.place.get("top"):
                    # what changed after the run began is read again: rows that were passed already may be among it
                    marks[project.id] = top if stream == "commits" else min(top, run["began"])
                run |= {"at": run["at"] + 1, "place": {}}
            else:
                run["place"] = step.place
        run["read"] += len(observations)
        done = run["at"] >= len(run["projects"])
        after: dict[str, Any] = {key: value for key, value in cursor.items() if key not in ("run", "marks", "names")}
        if not done:
            after |= {"marks": marks, "names": names, "run": run}
        elif "until" in cursor:
            after |= {"ended": True}
        else:
            after |= {"marks": marks, "names": names}
        return Page(
            cursor=after, done=done, observations=tuple(observations), etags=etags, read=run["read"], reached=reached,
            doing=stream.replace("_", " "), notes=tuple(run["notes"]),
        )  # fmt: skip

    def _step(
        self, stream: str, project: Project, run: Mapping[str, Any], cursor: Mapping[str, Any], mark: str | None,
        tell: Tell, now: datetime,
    ) -> Step:  # fmt: skip
        until = read.when(cursor.get("until"))
        since = read.when(cursor.get("since")) or now - timedelta(days=90)
        if run.get("again") == project.id:
            since = min(since, now - A_YEAR)
        place = dict(run.get("place") or {})
        how = {"commits": reading.commits, "releases": reading.descending}.get(stream, reading.ascending)
        if mark and stream == "commits":
            place = place or {"from": mark}
        elif mark:
            since = max(since, (read.when(mark) or since) - OVERLAP)
        return how(self.client, LISTINGS[stream], project, place, since=since, until=until, tell=tell)


def _note(run: dict[str, Any], note: str) -> None:
    if note not in run["notes"] and len(run["notes"]) < NOTES:
        run["notes"] = [*run["notes"], note]
