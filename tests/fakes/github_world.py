"""What lies at the fake GitHub: repositories with deployments, releases, runs, pull requests, commits and issues.

Rows look as GitHub writes them. Everything that happens moves a clock of its own, so that a test is the same each time.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
START = datetime(2026, 9, 1, 8, tzinfo=UTC)


def iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def sha_of(*words: object) -> str:
    return hashlib.sha1("/".join(map(str, words)).encode()).hexdigest()


def user(login: str | None) -> Row | None:
    if login is None:
        return None
    kind = "Bot" if login.endswith("[bot]") else "User"
    return {"login": login, "id": sum(map(ord, login)), "type": kind, "avatar_url": f"https://a.example/{login}"}


@dataclass
class Repository:
    """One repository. Lists are in the order in which things were made."""

    id: int
    full_name: str
    default_branch: str = "main"
    archived: bool = False
    was_called: list[str] = field(default_factory=list)
    deleted: bool = False
    denied: set[str] = field(default_factory=set)  # rights that the token lacks here: "actions", "deployments", …
    no_issues: bool = False
    deployments: list[Row] = field(default_factory=list)
    statuses: dict[int, list[Row]] = field(default_factory=dict)
    releases: list[Row] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    runs: list[list[Row]] = field(default_factory=list)  # of each its attempts
    jobs: dict[int, list[Row]] = field(default_factory=dict)
    pulls: list[Row] = field(default_factory=list)
    pull_commits: dict[int, list[Row]] = field(default_factory=dict)
    reviews: dict[int, list[Row]] = field(default_factory=dict)
    commits: dict[str, Row] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    issues: list[Row] = field(default_factory=list)

    def said(self, api: str) -> Row:
        return {
            "id": self.id, "full_name": self.full_name, "name": self.full_name.split("/")[1], "private": True,
            "owner": user(self.full_name.split("/")[0]), "default_branch": self.default_branch, "fork": False,
            "archived": self.archived, "disabled": False, "html_url": f"https://github.com/{self.full_name}",
            "url": f"{api}/repos/{self.full_name}",
        }  # fmt: skip


class World:
    def __init__(self, start: datetime = START) -> None:
        self.now = start
        self.repositories: list[Repository] = []
        self.live = False  # our own clock tells the time
        self._ids = itertools.count(1001)

    def tick(self, seconds: float = 60) -> str:
        self.now = max(self.now, datetime.now(UTC)) if self.live else self.now + timedelta(seconds=seconds)
        return iso(self.now)

    def id(self) -> int:
        return next(self._ids)

    def repository(self, name: str = "acme/api", **more: Any) -> Repository:
        made = Repository(id=self.id(), full_name=name, **more)
        self.repositories.append(made)
        return made

    # --- deployments and releases ------------------------------------------------------------------------------------

    def deploy(
        self, at: Repository, *states: str, environment: str = "production", sha: str = "", ref: str = "main",
        task: str = "deploy", payload: Any = None, production: bool | None = None, transient: bool = False,
    ) -> Row:  # fmt: skip
        number, made = self.id(), self.tick()
        row = {
            "id": number, "node_id": f"DE_{number}", "sha": sha or at.branches.get(ref) or sha_of(at.id, number),
            "ref": ref, "task": task, "payload": payload or {}, "original_environment": environment,
            "environment": environment, "description": None, "creator": user("ada"), "created_at": made,
            "updated_at": made, "transient_environment": transient,
            "production_environment": environment == "production" if production is None else production,
            "url": f"https://api.github.com/repos/{at.full_name}/deployments/{number}",
        }  # fmt: skip
        at.deployments.append(row)
        at.statuses[number] = []
        for state in states:
            self.status(at, row, state)
        return row

    def status(self, at: Repository, deployment: Row, state: str, seconds: float = 30) -> Row:
        number, made = self.id(), self.tick(seconds)
        row = {
            "id": number, "node_id": f"DES_{number}", "state": state, "creator": user("ada"), "description": "",
            "environment": deployment["environment"], "created_at": made, "updated_at": made, "target_url": "",
            "log_url": f"https://github.com/{at.full_name}/runs/{number}", "environment_url": "",
        }  # fmt: skip
        at.statuses[deployment["id"]].insert(0, row)  # newest first
        deployment["updated_at"] = made
        return row

    def release(self, at: Repository, tag: str, *, draft: bool = False, prerelease: bool = False, sha: str = "") -> Row:
        number, made = self.id(), self.tick()
        at.tags[tag] = sha or at.branches.get("main") or sha_of(at.id, tag)
        row = {
            "id": number, "node_id": f"RE_{number}", "tag_name": tag, "target_commitish": "main",
            "name": f"Release {tag}", "draft": draft, "prerelease": prerelease, "created_at": made,
            "published_at": None if draft else made,
            "author": user("ada"), "body": "", "html_url": f"https://github.com/{at.full_name}/releases/tag/{tag}",
        }  # fmt: skip
        at.releases.append(row)
        return row

    # --- runs --------------------------------------------------------------------------------------------------------

    def run(
        self, at: Repository, conclusion: str | None = "success", *, workflow: str = "CI", branch: str = "main",
        event: str = "push", jobs: Sequence[str] = ("build",), seconds: float = 60, sha: str = "",
    ) -> list[Row]:  # fmt: skip
        number, made = self.id(), self.tick(seconds)
        row = {
            "id": number, "node_id": f"WFR_{number}", "name": workflow, "head_branch": branch,
            "head_sha": sha or at.branches.get(branch) or sha_of(at.id, number),
            "path": f".github/workflows/{workflow.lower()}.yml",
            "run_number": len(at.runs) + 1, "event": event, "display_title": f"{workflow} of {number}",
            "status": "queued", "conclusion": None, "workflow_id": 7, "pull_requests": [], "created_at": made,
            "updated_at": made, "run_attempt": 1, "run_started_at": made, "actor": user("ada"),
            "html_url": f"https://github.com/{at.full_name}/actions/runs/{number}",
            "repository": {"id": at.id, "full_name": at.full_name},
            "head_repository": {"id": at.id, "full_name": at.full_name},
        }  # fmt: skip
        attempts = [row]
        at.runs.append(attempts)
        at.jobs[number] = []
        for name in jobs:
            self._job(at, row, name, made)
        if conclusion:
            self.finish(at, attempts, conclusion)
        return attempts

    def _job(self, at: Repository, run: Row, name: str, made: str) -> Row:
        number = self.id()
        row = {
            "id": number, "run_id": run["id"], "run_attempt": run["run_attempt"], "name": name, "status": "queued",
            "conclusion": None, "created_at": made, "started_at": made, "completed_at": None, "steps": [], "labels": [],
            "head_sha": run["head_sha"], "workflow_name": run["name"],
        }  # fmt: skip
        at.jobs[run["id"]].append(row)
        return row

    def finish(self, at: Repository, attempts: list[Row], conclusion: str, seconds: float = 30) -> None:
        """The last attempt starts half its time later, and ends."""
        run, started, ended = attempts[-1], self.tick(seconds / 2), self.tick(seconds / 2)
        run.update(status="completed", conclusion=conclusion, updated_at=ended)
        for job in at.jobs[run["id"]]:
            if job["run_attempt"] == run["run_attempt"]:
                job.update(status="completed", conclusion=conclusion, started_at=started, completed_at=ended)

    def rerun(self, at: Repository, attempts: list[Row], conclusion: str | None = "success") -> Row:
        made = self.tick()
        again = attempts[-1] | {
            "run_attempt": attempts[-1]["run_attempt"] + 1, "status": "queued", "conclusion": None, "updated_at": made,
            "run_started_at": made,
        }  # fmt: skip
        attempts.append(again)
        for name in dict.fromkeys(job["name"] for job in at.jobs[again["id"]]):
            self._job(at, again, name, made)
        if conclusion:
            self.finish(at, attempts, conclusion)
        return again

    # --- commits and pull requests -----------------------------------------------------------------------------------

    def commit(
        self, at: Repository, title: str = "Change", *, branch: str = "main", parents: Sequence[str] | None = None,
        author: str | None = "ada", authored: str = "", body: str = "",
    ) -> str:  # fmt: skip
        made = self.tick()
        above = list(parents) if parents is not None else [at.branches[branch]] if branch in at.branches else []
        sha = sha_of(at.id, title, made, above)
        at.commits[sha] = {
            "sha": sha, "node_id": f"C_{sha}", "html_url": f"https://github.com/{at.full_name}/commit/{sha}",
            "commit": {
                "author": {"name": author or "nobody", "email": "ada@example.org", "date": authored or made},
                "committer": {"name": "GitHub", "email": "noreply@example.org", "date": made},
                "message": f"{title}\n\n{body}" if body else title,
            },
            "author": user(author), "committer": user("web-flow"), "parents": [{"sha": one} for one in above],
        }  # fmt: skip
        if branch:
            at.branches[branch] = sha
        return sha

    def pull(
        self, at: Repository, title: str = "Work", *, commits: int = 2, author: str | None = "ada", draft: bool = False
    ) -> Row:
        base = at.branches.get(at.default_branch) or self.commit(at, "Begin")
        number, made = len(at.pulls) + len(at.issues) + 1, ""
        own: list[str] = []
        for place in range(commits):
            own.append(
                self.commit(at, f"{title} {place + 1}", branch="", parents=[own[-1] if own else base], author=author)
            )
        made = self.tick()
        row = {
            "id": self.id(), "node_id": f"PR_{at.id}_{number}", "number": number, "state": "open", "title": title,
            "user": user(author), "body": None, "labels": [], "created_at": made, "updated_at": made, "closed_at": None,
            "merged_at": None, "merge_commit_sha": None, "draft": draft, "_links": {"self": {"href": "…"}},
            "html_url": f"https://github.com/{at.full_name}/pull/{number}",
            "head": {"ref": f"topic-{number}", "sha": own[-1] if own else base, "repo": at.said("")},
            "base": {"ref": at.default_branch, "sha": base, "repo": at.said("")},
        }  # fmt: skip
        at.pulls.append(row)
        at.pull_commits[number] = [at.commits[sha] for sha in own]
        at.reviews[number] = []
        return row

    def review(self, at: Repository, pull: Row, state: str = "APPROVED", by: str | None = "bob") -> Row:
        number, made = self.id(), self.tick()
        row = {
            "id": number, "node_id": f"PRR_{number}", "user": user(by), "body": "", "state": state,
            "submitted_at": made, "commit_id": pull["head"]["sha"],
        }  # fmt: skip
        at.reviews[pull["number"]].append(row)
        pull["updated_at"] = made
        return row

    def merge(self, at: Repository, pull: Row, how: str = "merge") -> str:
        base, own = at.branches[at.default_branch], at.pull_commits[pull["number"]]
        if how == "merge":
            sha = self.commit(at, f"Merge pull request #{pull['number']}", parents=[base, own[-1]["sha"]])
        elif how == "squash":
            sha = self.commit(at, f"{pull['title']} (#{pull['number']})", parents=[base])
        else:
            sha = base
            for one in own:
                sha = self.commit(at, one["commit"]["message"], authored=one["commit"]["author"]["date"], parents=[sha])
        made = self.tick()
        pull.update(state="closed", merged_at=made, closed_at=made, updated_at=made, merge_commit_sha=sha)
        return sha

    # --- issues ------------------------------------------------------------------------------------------------------

    def issue(
        self, at: Repository, title: str = "It burns", *, labels: Sequence[str] = ("incident",), **more: Any
    ) -> Row:
        number, made = len(at.pulls) + len(at.issues) + 1, self.tick()
        row = {
            "id": self.id(), "node_id": f"I_{at.id}_{number}", "number": number, "title": title, "user": user("ada"),
            "labels": [{"id": sum(map(ord, one)), "name": one} for one in labels], "state": "open", "comments": 0,
            "created_at": made, "updated_at": made, "closed_at": None, "body": None, "state_reason": None, "type": None,
            "html_url": f"https://github.com/{at.full_name}/issues/{number}",
            "repository_url": f"https://api.github.com/repos/{at.full_name}", **more,
        }  # fmt: skip
        at.issues.append(row)
        return row

    def close(self, at: Repository, issue: Row, reason: str = "completed") -> None:
        made = self.tick()
        issue.update(state="closed", closed_at=made, updated_at=made, state_reason=reason)
