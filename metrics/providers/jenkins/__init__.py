"""Jenkins: builds of jobs in folders, of the branches of multibranch projects, and their stages.

One request tells the last build of every job. Build numbers only grow, so each job with a newer one is read from its
newest build down to the last that was seen; builds that are not over are asked for again by name and number.
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

from . import check, hooks, parse
from .builds import Reader
from .client import Client, Job, whole

MOST_JOBS = 500  # what a person chooses from: all branches of one job count once
MOST_BRANCHES = 5000
REQUESTS_A_PAGE = 40
NOTES = 20


class JenkinsProvider:
    title = "Jenkins"
    feeds = "Pipelines, and deployments that jobs make"
    streams = ("builds",)
    asks = ("build",)
    serial = False
    windows = True
    guide = Guide(
        address="",
        address_help="The address of Jenkins' first page, such as https://ci.example.org or https://example.org/jenkins.",
        token="User and API token, written user:token",  # noqa: S106
        token_where="Your name, top right → Security → API Token. Empty where everybody may read.",  # noqa: S106
        scopes=(
            Scope(name="Overall/Read", for_what="reaches the API"),
            Scope(name="Job/Read", for_what="reads jobs, builds and stages"),
        ),
        chooses="jobs",
        hook=Hook(
            where="With the Notification plugin: in the job, Job Notifications → Add Endpoint, JSON over HTTP.",
            events=("Job started", "Job finalized"),
            secured_by="Send the secret below as “Authorization: Bearer …”, or in the body as “token”.",
        ),
        rules=("via", "repository", "workflow", "path", "job", "stage", "branch", "type", "title"),
        default_rules={"production": [], "incidents": [], "services": []},
    )

    def __init__(self, connection: Connection) -> None:
        if not connection.address.strip():
            raise ProviderError("Jenkins has no usual address.", advice="Enter the one of yours.", permanent=True)
        self.connection = connection
        said = connection.settings.get("jobs")
        names = (read.text(one, 500).strip("/") for one in said) if isinstance(said, list | tuple) else ()
        self.chosen = tuple(dict.fromkeys(name for name in names if name))
        self._listed: tuple[str, list[Job]] | None = None

    @cached_property
    def client(self) -> Client:
        return Client(self.connection)

    @cached_property
    def reader(self) -> Reader:
        return Reader(self.client, with_coverage=self.connection.settings.get("coverage") is not False)

    def check(self) -> Found:
        return check.check(self.client, self.chosen, anonymous=not self.connection.secret)

    def search(self, words: str) -> Found:
        return check.search(self.client, words)

    def parse(self, body: bytes, *, now: datetime) -> tuple[Event, ...]:
        raise Unreadable("Jenkins' webhooks are observations.")

    @staticmethod
    def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
        return parse.derive(kind, told, now=now)

    def ask(self, kind: str, ids: Sequence[str], *, now: datetime) -> Asked:
        found, gone = [], []
        for key in ids:
            one = self.reader.again(key)
            gone.append(key) if one is None else found.append(one)
        return Asked(observations=tuple(found), gone=tuple(gone))

    @staticmethod
    def verify(push: Push, secrets: Sequence[str], *, now: datetime) -> None:
        hooks.verify(push, secrets)

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
        run = dict(cursor.get("run") or {"began": now.isoformat(), "after": "", "place": {}, "read": 0, "notes": []})
        marks = dict(cursor.get("marks") or {})
        since = read.when(cursor.get("since")) or now - timedelta(days=90)
        until = read.when(cursor.get("until"))
        jobs = self._jobs(run, tell)
        left = [job for job in jobs if job.name > run["after"] and (until is not None or self._is_due(job, marks, run))]
        observations: list[Observation] = []
        before = self.reader.requests
        reached = None
        while left and self.reader.requests - before < REQUESTS_A_PAGE:
            job = left[0]
            tell(f"builds of {job.name}", len(jobs) - len(left), len(jobs))
            mark = None if until is not None else marks.get(job.name)
            step = self.reader.step(job, mark, dict(run["place"]), since=since, until=until, tell=tell)
            observations += step.observations
            reached = read.earliest(reached, step.reached)
            for note in step.notes:
                _note(run, note)
            run["place"] = step.place
            if step.done:
                if until is None and step.mark is not None:
                    marks[job.name] = step.mark
                run |= {"after": job.name, "place": {}}
                left = left[1:]
        run["read"] += len(observations)
        after: dict[str, Any] = {key: value for key, value in cursor.items() if key not in ("run", "marks")}
        if left:
            after |= {"marks": marks, "run": run}
        elif until is not None:
            after |= {"ended": True}
        else:
            # a job that is gone is forgotten: one that is made again under its name begins at number 1
            names = {job.name for job in jobs}
            after |= {"marks": {name: mark for name, mark in marks.items() if name in names}}
        return Page(
            cursor=after, done=not left, observations=tuple(observations), read=run["read"], reached=reached,
            doing="builds", notes=tuple(run["notes"]),
        )  # fmt: skip

    def _jobs(self, run: dict[str, Any], tell: Tell) -> list[Job]:
        """All jobs that are read, by name. Listed once in a run, and again by a worker that goes on with it."""
        if self._listed is not None and self._listed[0] == run["began"]:
            return self._listed[1]
        found: dict[str, Job] = {}
        for place, name in enumerate(self.chosen or ("",)):
            tell("jobs", place, len(self.chosen))
            below = self.client.jobs(name)
            if below is None:
                _note(run, f"{name} is gone, or hidden from this token.")
            found |= {job.name: job for job in below or ()}
        if not found and self.chosen:
            raise ProviderError(
                "Jenkins shows this token none of the jobs that were chosen.",
                advice="They may have been deleted or renamed, or lost the right Job/Read. Choose jobs anew.",
                permanent=True,
            )
        groups = sorted({job.group for job in found.values()})
        if not self.chosen and len(groups) > MOST_JOBS:
            _note(run, f"There are {len(groups)} jobs; the first {MOST_JOBS} by name are read. Choose those you need.")
        kept = set(groups) if self.chosen else set(groups[:MOST_JOBS])
        jobs = [found[name] for name in sorted(found) if found[name].group in kept]
        if len(jobs) > MOST_BRANCHES:
            _note(run, f"There are {len(jobs)} branches with jobs; the first {MOST_BRANCHES} are read.")
        self._listed = (run["began"], jobs[:MOST_BRANCHES])
        return self._listed[1]

    def _is_due(self, job: Job, marks: dict[str, Any], run: dict[str, Any]) -> bool:
        """Whether a job has builds that were not seen. Forgets where it stood when its numbering began anew."""
        mark = marks.get(job.name)
        if mark is None or job.last is None:
            return job.last is not None
        number, start = whole(mark[0]) or 0, whole(mark[1]) or 0
        again = job.next is not None and job.next <= number
        if again or (job.last[0] == number and job.last[1] != start and job.last[1] and start):
            _note(run, f"{job.name}: build numbers began anew, so all its builds are read again.")
            marks[job.name] = [0, 0, *mark[2:]]
            return True
        return job.last[0] > number


def _note(run: dict[str, Any], note: str) -> None:
    if note not in run["notes"] and len(run["notes"]) < NOTES:
        run["notes"] = [*run["notes"], note]
