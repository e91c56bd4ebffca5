"""A Jenkins on 127.0.0.1: `tree=` with ranges, folders, multibranch projects, builds that run, retention, numbering.

Jobs are kept by their names with folders. `now` is its clock in milliseconds, as everything in Jenkins is.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from .server import FakeServer, Reply, Request
from .standalone import stand

USER, TOKEN = "ada", "11fake22token33"
START = 1_761_987_600_000  # 1 November 2025, 9:00 UTC
MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
PIPELINE = "org.jenkinsci.plugins.workflow.job.WorkflowJob"
FREESTYLE = "hudson.model.FreeStyleProject"
RUNS = {PIPELINE: "org.jenkinsci.plugins.workflow.job.WorkflowRun", FREESTYLE: "hudson.model.FreeStyleBuild"}
PRIMARY = "jenkins.scm.api.metadata.PrimaryInstanceMetadataAction"


@dataclass
class Item:
    """A job or a folder."""

    name: str
    kind: str
    builds: list[dict[str, Any]] = field(default_factory=list)  # oldest first
    next: int = 1
    primary: bool = False
    queue: int = 0


class FakeJenkins(FakeServer):
    def __init__(self, *, version: str = "2.462.3") -> None:
        super().__init__()
        self.version = version
        self.now = START
        self.items: dict[str, Item] = {}
        self.anybody = False  # whether those who are not signed in may read
        self.has_stages = True  # the plugin that tells the stages
        self.coverage: dict[str, Any] = {}  # place → what it says, for every build that has it
        self.knows_all_builds = True
        self._queue = 100

    # --- making things happen ----------------------------------------------------------------------------------------

    def folder(self, name: str, kind: str = FOLDER) -> Item:
        return self.items.setdefault(name, Item(name, kind))

    def job(self, name: str, kind: str = PIPELINE, *, primary: bool = False) -> Item:
        parts = name.split("/")
        for depth in range(1, len(parts)):
            self.folder("/".join(parts[:depth]))
        self.items[name] = Item(name, kind, primary=primary)
        return self.items[name]

    def build(
        self, job: Item, result: str | None = "SUCCESS", *, minutes: float = 5, actions: Any = (), **more: Any
    ) -> dict[str, Any]:
        """A build that ends with `result`, or goes on (None)."""
        self.now += 60_000
        self._queue += 1
        made = {
            "_class": RUNS[job.kind],
            "number": job.next,
            "id": str(job.next),
            "timestamp": self.now,
            "url": f"http://0.0.0.0:8080/{'/'.join('job/' + part for part in job.name.split('/'))}/{job.next}/",
            "displayName": f"#{job.next}",
            "building": result is None,
            "inProgress": result is None,
            "result": result,
            "duration": 0 if result is None else int(minutes * 60_000),
            "queueId": self._queue,
            "actions": [
                {
                    "_class": "hudson.model.CauseAction",
                    "causes": [{"_class": "hudson.triggers.SCMTrigger$SCMTriggerCause"}],
                },
                {},
                *actions,
            ],
            "stages": [
                {"id": "6", "name": "Test", "status": "SUCCESS", "startTimeMillis": self.now, "durationMillis": 2000}
            ],
            **more,
        }
        job.next += 1
        job.builds.append(made)
        return made

    def finish(self, build: dict[str, Any], result: str, *, minutes: float = 30) -> None:
        build |= {"building": False, "inProgress": False, "result": result, "duration": int(minutes * 60_000)}

    def forget(self, job: Item, keep: int) -> None:
        """What retention does: only the newest builds are kept."""
        del job.builds[: max(0, len(job.builds) - keep)]

    def begin_anew(self, job: Item) -> None:
        """Delete the job and make it again under its name."""
        job.builds.clear()
        job.next = 1

    def rename(self, job: Item, name: str) -> None:
        del self.items[job.name]
        job.name = name
        self.items[name] = job

    # --- answering ---------------------------------------------------------------------------------------------------

    def reply(self, request: Request) -> Reply:
        headers = {"X-Jenkins": self.version}
        wanted = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        given = request.headers.get("authorization", "")
        if given != wanted and (given or not self.anybody):
            page = b"<!DOCTYPE html><html><head><title>Sign in [Jenkins]</title></head></html>"
            status = 401 if given else 403
            return Reply(body=page, status=status, headers={**headers, "Content-Type": "text/html;charset=utf-8"})
        path = [unquote(part) for part in request.path.strip("/").split("/") if part]
        name: list[str] = []
        while len(path) > 1 and path[0] == "job":
            name.append(path[1])
            path = path[2:]
        found = self._answer("/".join(name), path)
        if found is None:
            return Reply(
                body=b"<html><h2>404</h2></html>", status=404, headers={**headers, "Content-Type": "text/html"}
            )
        tree = request.query.get("tree")
        return Reply(body=chosen(found, tree) if tree else found, headers=headers)

    def _answer(self, name: str, rest: list[str]) -> dict[str, Any] | None:
        if name and name not in self.items:
            return None
        if rest == ["api", "json"]:
            return self._item(name)
        if not rest or not rest[0].isdigit():
            return None
        build = next((one for one in self.items[name].builds if one["number"] == int(rest[0])), None)
        if build is None:
            return None
        if rest[1:] == ["api", "json"]:
            return build
        if rest[1:] == ["wfapi", "describe"] and self.has_stages and build["_class"] == RUNS[PIPELINE]:
            return {
                "id": str(build["number"]),
                "status": build["result"],
                "queueDurationMillis": 7,
                "stages": build["stages"],
            }
        return self.coverage.get("/".join(rest[1:-2])) if rest[-2:] == ["api", "json"] else None

    def _item(self, name: str) -> dict[str, Any]:
        item = self.items.get(name, Item("", "hudson.model.Hudson"))
        said: dict[str, Any] = {
            "_class": item.kind,
            "name": name.rpartition("/")[2],
            "fullName": name,
            "mode": "NORMAL",
            "actions": [{}, *([{"_class": PRIMARY}] if item.primary else [])],
        }
        if item.kind not in RUNS:
            below = [one for one in self.items if one.rpartition("/")[0] == name and one != name]
            return said | {"jobs": [self._item(one) for one in sorted(below)]}
        newest = item.builds[::-1]
        return said | {
            "nextBuildNumber": item.next, "lastBuild": newest[0] if newest else None, "builds": newest[:100],
            **({"allBuilds": newest} if self.knows_all_builds else {}),
        }  # fmt: skip


def chosen(said: Any, tree: str) -> Any:
    """What `tree` asks for: "a,b[c,d[e]]{0,20}"."""
    wanted, rest = _parsed(tree)
    assert rest == "", f"{tree!r} is not closed"
    return _pruned(said, wanted)


Wanted = dict[str, tuple["Wanted | None", tuple[int, int] | None]]


def _parsed(tree: str) -> tuple[Wanted, str]:
    found: Wanted = {}
    while tree and not tree.startswith("]"):
        name = re.match(r"[\w*]+", tree)
        assert name, f"not a name: {tree[:20]!r}"
        tree = tree[name.end() :]
        below: Wanted | None = None
        if tree.startswith("["):
            below, tree = _parsed(tree[1:])
            assert tree.startswith("]"), "a bracket is not closed"
            tree = tree[1:]
        span = re.match(r"\{(\d*),(\d*)\}", tree)
        if span:
            tree = tree[span.end() :]
        found[name.group()] = (below, (int(span.group(1) or 0), int(span.group(2) or 10**9)) if span else None)
        tree = tree.removeprefix(",")
    return found, tree


def _pruned(said: Any, wanted: Wanted) -> Any:
    if isinstance(said, list):
        return [_pruned(one, wanted) for one in said]
    if not isinstance(said, Mapping):
        return said
    if "*" in wanted:
        return dict(said)
    found = {"_class": said["_class"]} if "_class" in said else {}
    for name, (below, span) in wanted.items():
        if name in said:
            value = said[name][span[0] : span[1]] if span and isinstance(said[name], list) else said[name]
            found[name] = _pruned(value, below or {})
    return found


def built(repository: str, branch: str, commit: str) -> dict[str, Any]:
    """What Git's plugin notes on a build."""
    return {
        "_class": "hudson.plugins.git.util.BuildData", "remoteUrls": [repository],
        "lastBuiltRevision": {"SHA1": commit, "branch": [{"SHA1": commit, "name": branch}]},
    }  # fmt: skip


def sample(fake: FakeJenkins) -> Item:
    job = fake.job("shop/deploy-production")
    fake.folder("shop/api", MULTIBRANCH)
    branch = fake.job("shop/api/main", primary=True)
    fake.now = int(time.time() * 1000) - 40 * 60_000
    for number in range(20):
        commit = f"{number:040x}"
        fake.build(branch, "SUCCESS", actions=[built("https://git.example.org/shop/api.git", "main", commit)])
        fake.build(job, "SUCCESS", actions=[built("https://git.example.org/shop/api.git", "main", commit)])
    return branch


if __name__ == "__main__":
    server = FakeJenkins()
    main = sample(server)

    def grow() -> None:
        server.now = max(server.now, int(time.time() * 1000) - 120_000)
        server.build(main, "SUCCESS", minutes=0.5)

    stand(server, grow)
