"""Turns what Jenkins said of a build into a run and its stages. Pure: it talks to nobody.

A build is known by its job's name and number; when numbering begins anew the same number is another build, which its
start tells apart. The run's own id holds no name, so that a job that is renamed does not count its builds twice.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from metrics import read
from metrics.events import Derived, JobSeen, Observation, Outcome, RunSeen, Traits, Unreadable

from .coverage import percent

OUTCOMES: Mapping[str, Outcome] = {
    "SUCCESS": Outcome.SUCCESS,
    "UNSTABLE": Outcome.FAILURE,  # its tests failed
    "FAILURE": Outcome.FAILURE,
    "FAILED": Outcome.FAILURE,
    "ABORTED": Outcome.CANCELLED,
    "NOT_BUILT": Outcome.CANCELLED,
}
_GOING = frozenset({"IN_PROGRESS", "PAUSED_PENDING_INPUT", "QUEUED", "RUNNING"})
_SKIPPED = frozenset({"NOT_EXECUTED", "SKIPPED"})
_MAIN = frozenset({"main", "master", "trunk"})
_CAUSES = (  # part of a cause's class → what started the build
    ("BranchIndexing", "indexing"), ("BranchEvent", "push"), ("GitHubPush", "push"), ("GitLabWebHook", "push"),
    ("SCMTrigger", "push"), ("BitBucketPush", "push"), ("Gerrit", "review"), ("PullRequest", "pull_request"),
    ("TimerTrigger", "schedule"), ("ReverseBuildTrigger", "upstream"), ("Upstream", "upstream"),
    ("Rebuild", "rebuild"), ("Replay", "replay"), ("RemoteCause", "remote"), ("UserIdCause", "manual"),
    ("UserCause", "manual"),
)  # fmt: skip
_WAITED = ("waitingDurationMillis", "blockedDurationMillis", "buildableDurationMillis")
_OLD_WAITED = ("waitingTimeMillis", "blockedTimeMillis", "buildableTimeMillis")
_REMOTE = re.compile(r"\A(?:[a-z][a-z0-9+.-]*://(?:[^@/]*@)?[^/]+/|(?:[^@/]+@)?[^:/]+:)(.+)\Z", re.IGNORECASE)


def derive(kind: str, told: Sequence[Observation], *, now: datetime) -> Derived:
    """The run that follows from all that was said of one build; more than one when its number was given twice."""
    if kind != "build":
        raise Unreadable(f"Jenkins has nothing that is called {kind}.")
    builds: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    times: dict[int, list[datetime]] = defaultdict(list)
    nudged = False
    for one in sorted(told, key=lambda one: (one.updated_at is not None, one.updated_at or now, one.body)):
        said = read.decoded(one.body)
        if not isinstance(said, dict):
            raise Unreadable("This is not what Jenkins says of a build.")
        if isinstance(said.get("hook"), dict):
            said = _of_hook(said["hook"])
        stamp = _number(read.at(said, "build", "timestamp"))
        if stamp is None:
            nudged = True
            continue
        builds[int(stamp)].append(said)
        if one.updated_at:
            times[int(stamp)].append(one.updated_at)
    if not builds:
        if not nudged:
            return Derived(why="Nothing is known of it.")
        return Derived(open=True, why="A build of which Jenkins did not say yet when it began.")
    runs = [_run(told[0].id, stamp, builds[stamp], times[stamp]) for stamp in sorted(builds)]
    newest = builds[max(builds)]
    read_whole = any("pushed" not in one for one in newest)
    open_ = runs[-1].outcome is None or not read_whole
    return Derived(events=tuple(runs), open=open_, why="A build that is not over." if runs[-1].outcome is None else "")


def _run(key: str, stamp: int, told: Sequence[Mapping[str, Any]], times: Sequence[datetime]) -> RunSeen:
    whole = _furthest(told)
    build, job = read.table(whole.get("build")), _job(told, key)
    number = read.ident(build.get("number")) or key.rpartition("#")[2]
    started = read.when(stamp)
    ended = _over(build)
    result = read.text(build.get("result"), 40).upper()
    duration = _number(build.get("duration")) or 0
    finished = started + timedelta(milliseconds=duration) if ended and started else None
    stages = read.rows(read.at(whole, "stages", "stages"))
    waited = _waited(build, whole.get("stages"))
    data = _checked_out(build, job["branch"])
    sha, branch, repository = _source(data, job["branch"])
    queue = read.ident(build.get("queueId"))
    # the queue's id is given once by a server; without one the name must tell builds of one moment apart
    own = f"{queue}.{number}@{stamp}" if queue and queue not in ("-1", "0") else f"{key}@{stamp}"
    event = _event(build)
    return RunSeen(
        provider_id=own,
        workflow=job["name"],
        repository=repository,
        service=repository or job["project"],
        branch=branch,
        sha=sha,
        event=event,
        on_main=_on_main(branch, job),
        outcome=OUTCOMES.get(result, Outcome.UNKNOWN) if ended else None,
        raw_outcome=result,
        queued_at=started - waited if started and waited is not None else None,
        started_at=started,
        finished_at=finished,
        coverage=percent(whole.get("coverage")),
        jobs=tuple(_stages(own, stages)),
        url=read.link(build.get("url")) or read.link(build.get("full_url")),
        updated_at=read.latest(finished, started, *times),
        traits=_traits(
            repository=repository, workflow=(job["project"], job["name"]) if job["many"] else job["name"],
            path=job["folder"], branch=branch, type=event, title=read.text(build.get("displayName"), 300),
        ),
    )  # fmt: skip


def _traits(**known: str | tuple[str, ...]) -> Traits:
    """Only what is known: a rule must not match the empty word."""
    return {name: value for name, value in known.items() if value}


def _of_hook(hook: Mapping[str, Any]) -> dict[str, Any]:
    """What the Notification plugin pushes, in the words of the API."""
    said = read.table(hook.get("build"))
    going = read.text(said.get("phase"), 40).upper() in ("QUEUED", "STARTED")
    build = {
        "number": said.get("number"), "timestamp": said.get("timestamp"), "duration": said.get("duration"),
        "queueId": said.get("queue_id"), "url": said.get("full_url"), "building": going,
        "result": None if going else said.get("status"), "scm": said.get("scm"),
    }  # fmt: skip
    return {"pushed": True, "build": build}


def _furthest(told: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The words of when the build was furthest on; what was read before what was pushed."""

    def order(one: Mapping[str, Any]) -> tuple[bool, bool, float, int, bytes]:
        build = read.table(one.get("build"))
        parts = sum(1 for name in ("stages", "coverage") if one.get(name))
        return _over(build), "pushed" not in one, _number(build.get("duration")) or 0, parts, read.encoded(one)

    return max(told, key=order)


def _over(build: Mapping[str, Any]) -> bool:
    return build.get("building") is not True and build.get("inProgress") is not True


def _job(told: Sequence[Mapping[str, Any]], key: str) -> dict[str, Any]:
    """What is known of the job: its name in words, its folder, and its branch where each branch has a job."""
    known: dict[str, Any] = {}
    for one in sorted(told, key=lambda one: ("pushed" not in one, read.encoded(one))):
        known |= {name: value for name, value in read.table(one.get("job")).items() if value is not None}
    full = key.rpartition("#")[0]
    folder, _, last = full.rpartition("/")
    many = known.get("many") is True  # a job for each branch
    branch = unquote(last) if many else ""
    return {
        "name": read.text(full, 300), "project": read.text((folder if many else full), 300),
        "folder": read.text(folder.rpartition("/")[0] if many else folder, 300),
        "branch": read.text(branch, 300), "many": many, "main": known.get("main"),
    }  # fmt: skip


def _on_main(branch: str, job: Mapping[str, Any]) -> bool | None:
    """Where each branch has a job Jenkins says which is the main one; else by the names that such branches have."""
    if isinstance(job["main"], bool):
        return job["main"]
    if not branch:
        return None
    return True if branch in _MAIN else False if job["many"] else None


def _event(build: Mapping[str, Any]) -> str:
    causes = [cause for action in read.rows(build.get("actions")) for cause in read.rows(action.get("causes"))]
    for cause in causes:
        kind = read.text(cause.get("_class"), 300)
        for part, word in _CAUSES:
            if part in kind:
                return word
    return next((word for cause in causes if (word := read.text(cause.get("shortDescription"), 60))), "")


def _waited(build: Mapping[str, Any], stages: object) -> timedelta | None:
    """How long it was queued before it began: waiting, blocked, and ready without a node."""
    for action in read.rows(build.get("actions")):
        said = _number(action.get("queuingDurationMillis"))
        for names in (_WAITED, _OLD_WAITED):
            if said is None and any(name in action for name in names):
                said = sum(_number(action.get(name)) or 0 for name in names)
        if said is not None and 0 <= said < 10**11:
            return timedelta(milliseconds=said)
    said = _number(read.at(stages, "queueDurationMillis"))
    return timedelta(milliseconds=said) if said is not None and 0 < said < 10**11 else None


# --- what was checked out --------------------------------------------------------------------------------------------


def _checked_out(build: Mapping[str, Any], branch: str) -> list[tuple[str, str, str]]:
    """(sha, branch, repository) of each thing that was checked out: the own repository and shared libraries."""
    found = []
    for action in read.rows(build.get("actions")):
        last = read.table(action.get("lastBuiltRevision"))
        sha = read.text(last.get("SHA1"), 64)
        if not sha:
            continue
        names = [read.text(one.get("name"), 300) for one in read.rows(last.get("branch"))]
        remotes = [one for one in action.get("remoteUrls") or () if isinstance(one, str)]
        found.append((sha, _branch(names[0]) if names else "", repository_of(remotes[0]) if remotes else ""))
    scm = read.table(build.get("scm"))  # as the Notification plugin writes it
    if not found and (sha := read.text(scm.get("commit"), 64)):
        found.append((sha, _branch(read.text(scm.get("branch"), 300)), repository_of(scm.get("url"))))
    return found


def _source(data: Sequence[tuple[str, str, str]], branch: str) -> tuple[str, str, str]:
    """Of several that were checked out the one on the job's own branch, else the first: libraries come after it."""
    own = next((one for one in data if branch and one[1] == branch), data[0] if data else ("", "", ""))
    return own[0], branch or own[1], own[2]


def _branch(name: str) -> str:
    for start in ("refs/remotes/", "refs/heads/", "remotes/"):
        name = name.removeprefix(start)
    name = name.removeprefix("origin/").removeprefix("upstream/")
    return "" if name == "detached" else name


def repository_of(remote: object) -> str:
    """The path of a remote, "acme/api" of git@host:acme/api.git, whatever its protocol; no name and no password."""
    words = read.text(remote, 500)
    found = _REMOTE.match(words)
    path = (found.group(1) if found else words.rpartition("@")[2]).strip("/")
    path = path.partition("?")[0].partition("#")[0].removesuffix(".git").strip("/")
    return read.text(path.removeprefix("scm/"), 200)


# --- stages ----------------------------------------------------------------------------------------------------------


def _stages(run: str, stages: Sequence[Mapping[str, Any]]) -> Iterator[JobSeen]:
    for place, stage in enumerate(stages):
        word = read.text(stage.get("status"), 40).upper()
        ended = bool(word) and word not in _GOING
        began, took = read.when(stage.get("startTimeMillis")), _number(stage.get("durationMillis"))
        queued = _number(read.at(stage, "queueDurationMillis"))
        name = read.text(stage.get("name"), 300) or "(no name)"
        skipped = word in _SKIPPED
        yield JobSeen(
            provider_id=f"{run}/{read.ident(stage.get('id')) or place}",
            name=name,
            stage=name,
            outcome=(Outcome.CANCELLED if skipped else OUTCOMES.get(word, Outcome.UNKNOWN)) if ended else None,
            raw_outcome="skipped" if skipped else word,
            queued_at=began - timedelta(milliseconds=queued) if began and queued and queued < 10**11 else None,
            started_at=None if skipped else began,
            finished_at=(
                began + timedelta(milliseconds=took)
                if began and took is not None and 0 <= took < 10**11 and ended and not skipped
                else None
            ),
        )


def _number(said: object) -> float | None:
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    try:
        number = float(said)
    except ValueError:
        return None
    return number if abs(number) < 10**15 else None
