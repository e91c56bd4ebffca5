"""Talks to Jenkins' JSON API through the one HTTP door, and asks with `tree=` for no more than is needed."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from metrics import read
from metrics.events import Connection, ProviderError, Unreadable
from metrics.http import Answer, Door

HIDDEN = (403, 404)
DEPTH = 4  # levels of folders in one answer; deeper ones are asked for by themselves
_LEVEL = "name,_class,nextBuildNumber,lastBuild[number,timestamp],actions[_class]"
_BUILD = (
    "_class,number,url,displayName,timestamp,duration,building,inProgress,result,queueId,"
    "actions[_class,causes[_class,shortDescription,upstreamProject,upstreamBuild],"
    "lastBuiltRevision[SHA1,branch[SHA1,name]],remoteUrls,queuingDurationMillis,waitingDurationMillis,"
    "blockedDurationMillis,buildableDurationMillis,waitingTimeMillis,blockedTimeMillis,buildableTimeMillis],"
    "changeSets[kind,items[commitId,timestamp,msg]],changeSet[kind,items[commitId,timestamp,msg]]"
)
_MANY = ("MultiBranch",)  # a job for each branch
_HOLDS = ("Folder", "MultiBranch", "OrganizationFolder")  # other jobs
_PRIMARY = "PrimaryInstanceMetadataAction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that has builds. `many`: it is one branch of several, each with a job; `main`: it is the main one."""

    name: str  # with its folders: "folder/job"
    many: bool = False
    main: bool | None = None
    last: tuple[int, int] | None = None  # number and start of its last build
    next: int | None = None  # the number that the next build will have

    @property
    def path(self) -> str:
        return path_of(self.name)

    @property
    def group(self) -> str:
        """What a person chooses: the job, or all branches of one."""
        return self.name.rpartition("/")[0] if self.many else self.name

    def json(self) -> dict[str, Any]:
        return {"many": self.many, "main": self.main}


def path_of(name: str) -> str:
    """The job's address within Jenkins. Names of branches hold %2F, which is quoted once more."""
    return "/".join(f"job/{quote(part, safe='')}" for part in name.split("/") if part)


class Client:
    def __init__(self, connection: Connection) -> None:
        self.address = connection.address.strip().rstrip("/")
        headers = {"Accept": "application/json"}
        if secret := connection.secret.strip():
            user = read.text(connection.settings.get("user"), 200)
            pair = secret if ":" in secret or not user else f"{user}:{secret}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        self.door = Door(
            address=self.address, headers=headers, secret=connection.secret, trusted_hosts=connection.trusted_hosts
        )

    def close(self) -> None:
        self.door.close()

    def get(self, path: str, *, accept: tuple[int, ...] = HIDDEN, **params: str) -> Answer:
        asked = urlencode(params, safe=",*")
        url = f"{self.address}/{path}{'/' if path else ''}api/json" + (f"?{asked}" if asked else "")
        return self.door.get(url, accept=accept)

    def said(self, answer: Answer) -> Mapping[str, Any]:
        """What an answer says. Raises ProviderError for a page for people: mostly that for signing in."""
        head = answer.body[:500].lstrip().lower()
        if head.startswith((b"<!doctype", b"<html", b"<?xml")) or "text/html" in answer.headers.get("content-type", ""):
            raise ProviderError(
                "Jenkins answered with a page for people instead of data, such as the one for signing in.",
                advice="Check the address, and enter a user with an API token as user:token.",
                permanent=True,
            )
        found = answer.json()
        if not isinstance(found, dict):
            raise Unreadable("Jenkins answered something that is no object.")
        return found

    # --- jobs --------------------------------------------------------------------------------------------------------

    def jobs(self, folder: str = "") -> list[Job] | None:
        """All jobs below `folder`, or the job of this name; None where there is none."""
        answer = self.get(path_of(folder), accept=HIDDEN if folder else (), tree=_tree(DEPTH))
        if answer.status != 200:
            return None
        found: list[Job] = []
        self._walk(folder, self.said(answer), found, many=False, main=None)
        return found

    def _walk(self, name: str, said: Mapping[str, Any], found: list[Job], *, many: bool, main: bool | None) -> None:
        kind = read.text(said.get("_class"), 300)
        if "jobs" not in said and any(part in kind for part in _HOLDS):
            # deeper than one answer goes
            answer = self.get(path_of(name), tree=_tree(DEPTH))
            if answer.status != 200:
                return
            said = self.said(answer)
        if "jobs" in said or not name:
            below = read.rows(said.get("jobs"))
            branches = any(part in kind for part in _MANY)
            primary = [_primary(one) for one in below] if branches else []
            for place, one in enumerate(below):
                # a name may not hold a slash: folders are what it is divided by
                if not (own := read.text(one.get("name"), 300)) or "/" in own:
                    continue
                is_main = primary[place] if branches and any(primary) else None
                self._walk(f"{name}/{own}" if name else own, one, found, many=branches, main=is_main)
            return
        last = read.table(said.get("lastBuild"))
        number, start = whole(last.get("number")), whole(last.get("timestamp"))
        found.append(
            Job(
                name=name, many=many, main=main, next=whole(said.get("nextBuildNumber")),
                last=(number, start or 0) if number is not None else None,
            )
        )  # fmt: skip

    def job(self, name: str) -> Job:
        """What a build has to know of its job, when only the build is asked for."""
        folder = name.rpartition("/")[0]
        kind = ""
        if folder:
            answer = self.get(path_of(folder), tree="_class")
            kind = read.text(self.said(answer).get("_class"), 300) if answer.status == 200 else ""
        if not any(part in kind for part in _MANY):
            return Job(name=name)
        answer = self.get(path_of(name), tree="actions[_class]")
        main = answer.status == 200 and _primary(self.said(answer))
        return Job(name=name, many=True, main=True if main else None)

    # --- builds ------------------------------------------------------------------------------------------------------

    def builds(self, job: Job, start: int, end: int) -> list[Mapping[str, Any]] | None:
        """The builds from place `start` to before `end`, the newest first; None where the job is gone."""
        answer = self.get(job.path, tree=f"allBuilds[{_BUILD}]{{{start},{end}}}")
        if answer.status != 200:
            return None
        said = self.said(answer)
        if "allBuilds" not in said:  # an old version
            answer = self.get(job.path, tree=f"builds[{_BUILD}]{{{start},{end}}}")
            said = self.said(answer) if answer.status == 200 else {}
            return read.rows(said.get("builds"))
        return read.rows(said["allBuilds"])

    def build(self, name: str, number: str) -> Mapping[str, Any] | None:
        answer = self.get(f"{path_of(name)}/{quote(number, safe='')}", tree=_BUILD)
        return self.said(answer) if answer.status == 200 else None

    def stages(self, job: str, number: int | str) -> Mapping[str, Any] | None:
        """The stages of a pipeline's build; None where the plugin that tells them is missing."""
        url = f"{self.address}/{path_of(job)}/{number}/wfapi/describe"
        answer = self.door.get(url, accept=HIDDEN)
        if answer.status != 200:
            return None
        said = self.said(answer)
        kept = ("id", "name", "status", "startTimeMillis", "durationMillis", "queueDurationMillis")
        rows = [{key: stage[key] for key in kept if key in stage} for stage in read.rows(said.get("stages"))]
        return {**{key: said[key] for key in ("status", "queueDurationMillis") if key in said}, "stages": rows}

    def coverage(self, job: str, number: int | str, place: str, tree: str) -> Mapping[str, Any] | None:
        answer = self.get(f"{path_of(job)}/{number}/{place}", tree=tree)
        return self.said(answer) if answer.status == 200 else None


def _tree(depth: int) -> str:
    return _LEVEL + (f",jobs[{_tree(depth - 1)}]" if depth else "")


def _primary(said: Mapping[str, Any]) -> bool:
    return any(_PRIMARY in read.text(action.get("_class"), 300) for action in read.rows(said.get("actions")))


def whole(said: object) -> int | None:
    words = read.ident(said)
    return int(words) if words.isdigit() and len(words) < 19 else None
