"""A GitLab on 127.0.0.1: API v4 with offset and keyset pages, `updated_after`, ETags, tokens, renamed projects.

Rows are dicts in GitLab's own words. `now` is its clock: every `touch` moves it a little on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlencode

from .server import FakeServer, Reply, Request
from .standalone import stand

MOST = 100  # rows on a page
TOKEN = "glpat-fake"
LISTS = {  # path → what is listed, and the field that numbers it
    "deployments": "id", "pipelines": "id", "merge_requests": "iid", "issues": "iid", "releases": "tag_name",
    "environments": "id",
}  # fmt: skip


@dataclass
class Project:
    id: int
    path: str
    branch: str = "main"
    archived: bool = False
    old_paths: tuple[str, ...] = ()
    lists: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {name: {} for name in LISTS})
    commits: list[dict[str, Any]] = field(default_factory=list)  # oldest first
    jobs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # of a pipeline
    notes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # of a merge request
    belong: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # commits of a merge request
    off: set[str] = field(default_factory=set)  # features that are switched off


def sha(*parts: object) -> str:
    return hashlib.sha1(" ".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class FakeGitLab(FakeServer):
    def __init__(self, *, version: str = "17.5.1-ee", now: datetime | None = None) -> None:
        super().__init__()
        self.version = version
        self.now = now or datetime(2026, 11, 2, 9, tzinfo=UTC)
        self.projects: dict[int, Project] = {}
        self.tokens: dict[str, tuple[str, ...]] = {TOKEN: ("read_api",)}
        self.knows_since = True  # False: a version that does not know `updated_after`
        self.tiers = True  # False: a version whose environments have no tier
        self.limit_after: int | None = None  # 429 from this request on
        self._last = 0

    # --- making things happen ----------------------------------------------------------------------------------------

    def tick(self, seconds: float = 1.0) -> str:
        self.now += timedelta(seconds=seconds)
        return stamp(self.now)

    def number(self) -> int:
        self._last += 1
        return self._last

    def project(self, path: str, **more: Any) -> Project:
        made = Project(id=self.number() + 100, path=path, **more)
        self.projects[made.id] = made
        return made

    def rename(self, project: Project, path: str) -> None:
        project.old_paths = (*project.old_paths, project.path)
        project.path = path

    def environment(self, project: Project, name: str, tier: str) -> dict[str, Any]:
        rows = project.lists["environments"]
        found = next((row for row in rows.values() if row["name"] == name), None)
        if found is None:
            found = {"id": self.number(), "name": name, "state": "available"} | ({"tier": tier} if self.tiers else {})
            rows[str(found["id"])] = found
        return found

    def commit(self, project: Project, title: str, *, parents: list[str] | None = None, **more: Any) -> dict[str, Any]:
        at = self.tick()
        if parents is None:
            parents = [project.commits[-1]["id"]] if project.commits else []
        row = {
            "id": sha(project.id, title, at), "title": title, "message": title, "author_name": "Ada",
            "authored_date": at, "committed_date": at, "created_at": at, "parent_ids": parents,
            "web_url": f"https://gitlab.example.org/{project.path}/-/commit/x", **more,
        }  # fmt: skip
        project.commits.append(row)
        return row

    def deployment(self, project: Project, status: str, *, environment: str = "production", tier: str = "production",
                   **more: Any) -> dict[str, Any]:  # fmt: skip
        at, number = self.tick(), self.number()
        place = self.environment(project, environment, tier)
        row = {
            "id": number, "iid": number, "ref": project.branch, "sha": sha("deployed", number), "created_at": at,
            "updated_at": at, "status": status, "user": {"id": 1, "username": "ada"},
            "environment": {key: place[key] for key in ("id", "name")},
            "deployable": {"id": number, "name": "deploy", "stage": "deploy", "tag": False, "started_at": at,
                           "finished_at": at if status in ("success", "failed") else None}, **more,
        }  # fmt: skip
        project.lists["deployments"][str(number)] = row
        return row

    def pipeline(self, project: Project, status: str, jobs: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        at, number = self.tick(), self.number()
        row = {
            "id": number, "iid": number, "project_id": project.id, "status": status, "ref": project.branch,
            "sha": sha("built", number), "tag": False, "source": "push", "created_at": at, "updated_at": at,
            "started_at": at, "finished_at": at if status in ("success", "failed") else None, "queued_duration": 3,
            "coverage": "81.5", **more,
        }  # fmt: skip
        project.lists["pipelines"][str(number)] = row
        project.jobs[str(number)] = jobs
        return row

    def merge_request(self, project: Project, title: str, *, state: str = "merged", **more: Any) -> dict[str, Any]:
        opened, number = self.tick(), self.number()
        mine = [{"id": sha("own", number, 1), "title": title, "authored_date": opened, "message": title}]
        merged = self.tick(60) if state == "merged" else None
        row = {
            "id": number + 1000, "iid": number, "project_id": project.id, "title": title, "state": state,
            "created_at": opened, "updated_at": merged or opened, "merged_at": merged, "target_branch": project.branch,
            "author": {"id": 1, "username": "ada", "name": "Ada"}, "sha": mine[-1]["id"], "draft": False,
            "merge_commit_sha": sha("merge", number) if merged else None, "squash_commit_sha": None,
            "web_url": f"https://gitlab.example.org/{project.path}/-/merge_requests/{number}", **more,
        }  # fmt: skip
        project.lists["merge_requests"][str(number)] = row
        project.belong[str(number)] = mine
        project.notes[str(number)] = []
        return row

    def issue(self, project: Project, title: str, *, kind: str = "incident", **more: Any) -> dict[str, Any]:
        at, number = self.tick(), self.number()
        row = {
            "id": number + 5000, "iid": number, "project_id": project.id, "title": title, "state": "opened",
            "created_at": at, "updated_at": at, "closed_at": None, "labels": [], "issue_type": kind,
            "severity": "UNKNOWN", **more,
        }  # fmt: skip
        project.lists["issues"][str(number)] = row
        return row

    def release(self, project: Project, tag: str, **more: Any) -> dict[str, Any]:
        at = self.tick()
        row = {"tag_name": tag, "name": tag, "created_at": at, "released_at": at, "commit": {"id": sha(tag)}, **more}
        project.lists["releases"][tag] = row
        return row

    def touch(self, row: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Change a row: it moves to the end of what is ordered by `updated_at`."""
        row |= {"updated_at": self.tick(), **more}
        return row

    # --- answering ---------------------------------------------------------------------------------------------------

    def reply(self, request: Request) -> Reply:
        if self.limit_after is not None and len(self.log) > self.limit_after:
            headers = {"RateLimit-Limit": "600", "RateLimit-Remaining": "57", "Retry-After": "30"}
            return Reply(body={"message": "429 Too Many Requests"}, status=429, headers=headers)
        scopes = self.tokens.get(request.headers.get("private-token", ""))
        if scopes is None:
            return Reply(body={"message": "401 Unauthorized"}, status=401)
        if not {"read_api", "api"} & set(scopes):
            return Reply(body={"error": "insufficient_scope", "scope": "api read_api"}, status=403)
        parts = request.path.removeprefix("/api/v4/").split("/")
        if parts == ["version"]:
            return Reply(body={"version": self.version, "revision": "f4ke"})
        if parts == ["personal_access_tokens", "self"]:
            return Reply(body={"id": 1, "scopes": list(scopes), "active": True, "expires_at": "2027-11-01"})
        if parts == ["projects"]:
            return self._projects(request)
        if parts[0] == "projects" and len(parts) > 1:
            return self._within(request, unquote(parts[1]), parts[2:])
        return _missing("404 Not Found")

    def _projects(self, request: Request) -> Reply:
        words = request.query.get("search", "").lower()
        rows = [self._project(one) for _, one in sorted(self.projects.items()) if words in one.path.lower()]
        if request.query.get("pagination") == "keyset":
            after = int(request.query.get("id_after", 0))
            rows = [row for row in rows if row["id"] > after]
            size = int(request.query.get("per_page", 20))
            further = urlencode({**request.query, "id_after": rows[size - 1]["id"]}) if len(rows) > size else ""
            return _listed(rows[:size], f"{self.url}{request.path}?{further}" if further else "")
        return self._page(request, rows)

    def _project(self, one: Project) -> dict[str, Any]:
        return {
            "id": one.id, "path_with_namespace": one.path, "default_branch": one.branch, "archived": one.archived,
            "web_url": f"https://gitlab.example.org/{one.path}", "empty_repo": not one.commits,
        }  # fmt: skip

    def _within(self, request: Request, name: str, parts: list[str]) -> Reply:
        project = next((one for one in self.projects.values() if name in (str(one.id), one.path)), None)
        if project is None:
            moved = next((one for one in self.projects.values() if name in one.old_paths), None)
            if moved is None:
                return _missing("404 Project Not Found")
            where = "/".join([f"{self.url}/api/v4/projects/{moved.id}", *parts])
            return Reply(body={"message": "Moved"}, status=301, headers={"Location": where})
        if not parts:
            return Reply(body=self._project(project), etag=True)
        if parts[0] in project.off:
            return Reply(body={"message": "403 Forbidden"}, status=403)
        if parts[:2] == ["repository", "branches"]:
            if not project.commits or unquote(parts[2]) != project.branch:
                return _missing("404 Branch Not Found")
            return Reply(body={"name": project.branch, "commit": project.commits[-1]}, etag=True)
        if parts[:2] == ["repository", "commits"]:
            return self._commits(request, project, parts[2:])
        if parts[0] not in LISTS:
            return _missing("404 Not Found")
        rows = project.lists[parts[0]]
        if len(parts) == 1:
            return self._list(request, project, parts[0])
        row = rows.get(unquote(parts[1]))
        if row is None:
            return _missing("404 Not found")
        if len(parts) == 2:
            return Reply(body=row, etag=True)
        below = {"jobs": project.jobs, "notes": project.notes, "commits": project.belong}.get(parts[2], {})
        return self._page(request, below.get(parts[1], []))

    def _list(self, request: Request, project: Project, name: str) -> Reply:
        rows = list(project.lists[name].values())
        query = request.query
        if name == "merge_requests" and query.get("state") == "merged":
            rows = [row for row in rows if row["state"] == "merged"]
        order = query.get("order_by", "created_at")
        if self.knows_since:
            if "updated_after" in query:
                assert name != "deployments" or order == "updated_at", "the real one refuses another order"
                rows = [row for row in rows if _at(row, "updated_at") >= _time(query["updated_after"])]
            if "updated_before" in query:
                rows = [row for row in rows if _at(row, "updated_at") <= _time(query["updated_before"])]
        rows.sort(key=lambda row: (str(row.get(order, "")), row.get("id", 0)), reverse=query.get("sort") == "desc")
        if name == "pipelines":  # a list tells less than the pipeline itself
            hidden = ("coverage", "started_at", "finished_at", "queued_duration")
            rows = [{key: value for key, value in row.items() if key not in hidden} for row in rows]
        return self._page(request, rows)

    def _commits(self, request: Request, project: Project, parts: list[str]) -> Reply:
        known = {row["id"]: row for row in project.commits}
        if parts:
            return Reply(body=known[parts[0]]) if parts[0] in known else _missing("404 Commit Not Found")
        if not project.commits:
            return _missing("404 Repository Not Found")
        before, _, head = request.query.get("ref_name", project.branch).rpartition("..")
        if (head not in known and head != project.branch) or (before and before not in known):
            return _missing("404 Ref Not Found")
        mine = _reachable(known, head if head in known else project.commits[-1]["id"])
        mine -= _reachable(known, before) if before else set()
        rows = [row for row in reversed(project.commits) if row["id"] in mine]
        if "since" in request.query:
            rows = [row for row in rows if _at(row, "committed_date") >= _time(request.query["since"])]
        if "until" in request.query:
            rows = [row for row in rows if _at(row, "committed_date") <= _time(request.query["until"])]
        return self._page(request, rows)

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Reply:
        size, page = min(int(request.query.get("per_page", 20)), MOST), int(request.query.get("page", 1))
        further = urlencode({**request.query, "page": page + 1}) if len(rows) > size * page else ""
        shown = rows[size * (page - 1) : size * page]
        return _listed(shown, f"{self.url}{request.path}?{further}" if further else "")


def _listed(rows: list[dict[str, Any]], further: str) -> Reply:
    headers = {"Link": f'<{further}>; rel="next"'} if further else {}
    return Reply(body=rows, headers={**headers, "RateLimit-Remaining": "1999"}, etag=True)


def _missing(words: str) -> Reply:
    return Reply(body={"message": words}, status=404)


def _at(row: Mapping[str, Any], name: str) -> datetime:
    return _time(row[name])


def _time(words: str) -> datetime:
    return datetime.fromisoformat(words.replace("Z", "+00:00"))


def _reachable(known: Mapping[str, dict[str, Any]], head: str) -> set[str]:
    found: set[str] = set()
    waiting = [head]
    while waiting:
        one = waiting.pop()
        if one in known and one not in found:
            found.add(one)
            waiting += known[one]["parent_ids"]
    return found


def sample(fake: FakeGitLab) -> Project:
    """A project with a little of everything, up to the present minute."""
    project = fake.project("acme/shop")
    fake.project("acme/docs")
    for day in range(14):
        fake.now = datetime.now(UTC) - timedelta(days=14 - day)
        happen(fake, project)
    fake.now = datetime.now(UTC)
    return project


def happen(fake: FakeGitLab, project: Project) -> None:
    fake.commit(project, f"Change {len(project.commits)}")
    merged = fake.merge_request(project, f"Change {len(project.commits)}")
    fake.pipeline(project, "success", [{"id": fake.number(), "name": "test", "stage": "test", "status": "success"}])
    fake.deployment(project, "success", sha=merged["merge_commit_sha"])
    if len(project.commits) % 5 == 0:
        fake.issue(project, "Shop answers slowly", severity="HIGH")


if __name__ == "__main__":
    server = FakeGitLab()
    shop = sample(server)

    def grow() -> None:
        server.now = max(server.now, datetime.now(UTC))
        happen(server, shop)

    stand(server, grow)
