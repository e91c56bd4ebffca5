"""A fake GitHub: REST and the GraphQL that we ask, pages with Link, ETags, limits, the cap on filtered runs.

By itself: python -m tests.fakes.github --port 8101 [--grow]. With --grow it holds 20,000 objects that change while
they are paged.
"""

from __future__ import annotations

import argparse
import random
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode

from . import server
from .github_world import START, Repository, Row, World, iso
from .server import FakeServer, Request

CAP = 1000  # rows of a filtered list of runs
MOST_COMMITS = 250  # of a pull request
RIGHTS = {
    "deployments": "deployments", "releases": "contents", "commits": "contents", "compare": "contents",
    "actions": "actions", "pulls": "pulls", "issues": "issues",
}  # fmt: skip


def answer(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None, *, etag: bool = False
) -> server.Reply:
    return server.Reply(body=body, status=status, headers=headers or {}, etag=etag)


def gone(message: str = "Not Found", status: int = 404) -> server.Reply:
    return answer({"message": message, "documentation_url": "https://docs.github.com/rest"}, status)


class FakeGitHub(FakeServer):
    """`world` is what it holds; `limit` how many requests an hour it takes (those answered 304 are free)."""

    def __init__(self, world: World | None = None, *, prefix: str = "") -> None:
        super().__init__()
        self.world = world or World()
        self.prefix = prefix  # "/api/v3" for Enterprise Server
        self.token = ""  # "": any
        self.graphql = True
        self.compares = True
        self.limit: int | None = None
        self.used = 0
        self.clock: Callable[[], float] = time.time
        self.resets_at = 0.0
        self.blocked_until = 0.0  # a secondary limit
        self.told_until = 0.0  # when a refusal said that asking makes sense again
        self.early: list[float] = []  # by how much requests came before that

    # --- doors -------------------------------------------------------------------------------------------------------

    def reply(self, request: Request) -> server.Reply:
        if (refused := self._refused(request)) is not None:
            return refused
        if request.path == self.prefix.replace("/v3", "") + "/graphql":
            return self._graphql(request.json) if self.graphql and request.method == "POST" else gone()
        if not request.path.startswith(self.prefix):
            return gone()
        found = self._rest(request.path[len(self.prefix) :].strip("/"), request)
        return self._counted(found)

    def _refused(self, request: Request) -> server.Reply | None:
        now = self.clock()
        said = request.headers.get("authorization", "")
        if self.token and said not in (f"Bearer {self.token}", f"token {self.token}"):
            return gone("Bad credentials", 401)
        if now < self.told_until:
            self.early.append(self.told_until - now)
        if now < self.blocked_until:
            return self._wait(self.blocked_until)
        if self.limit is not None:
            if now >= self.resets_at:
                self.used, self.resets_at = 0, now + 3600
            if self.used >= self.limit:
                self.told_until = self.resets_at
                return answer({"message": "API rate limit exceeded for user ID 1."}, 403, self._limits())
        return None

    def _wait(self, until: float) -> server.Reply:
        self.told_until = until
        seconds = str(max(int(until - self.clock() + 0.999), 1))
        return answer({"message": "You have exceeded a secondary rate limit."}, 403, {"Retry-After": seconds})

    def block(self, seconds: float) -> server.Reply:
        """A secondary limit from now on; the answer that says so."""
        self.blocked_until = self.clock() + seconds
        return self._wait(self.blocked_until)

    def _limits(self) -> dict[str, str]:
        if self.limit is None:
            return {}
        left = max(self.limit - self.used, 0)
        return {
            "X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(int(self.resets_at + 0.999)),
        }  # fmt: skip

    def _counted(self, found: server.Reply) -> server.Reply:
        self.used += 1
        return answer(found.body, found.status, {**self._limits(), **found.headers}, etag=found.status == 200)

    # --- REST --------------------------------------------------------------------------------------------------------

    def _rest(self, path: str, request: Request) -> server.Reply:
        if path == "user":
            return answer({"login": "ada", "id": 1, "type": "User"})
        if path == "user/repos":
            seen = [one.said(self.url + self.prefix) for one in self.world.repositories if not one.deleted]
            return self._page(sorted(seen, key=lambda one: one["full_name"]), request)
        steps = [unquote(one) for one in path.split("/")]
        if steps[0] == "repositories" and len(steps) > 1:
            at = next((one for one in self.world.repositories if str(one.id) == steps[1]), None)
            rest = steps[2:]
        elif steps[0] == "repos" and len(steps) > 2:
            name, rest = f"{steps[1]}/{steps[2]}".lower(), steps[3:]
            at = next((one for one in self.world.repositories if one.full_name.lower() == name), None)
            moved = next((one for one in self.world.repositories if name in map(str.lower, one.was_called)), None)
            if at is None and moved is not None:
                query = f"?{urlencode(request.query)}" if request.query else ""
                to = "/".join([f"{self.url}{self.prefix}/repositories/{moved.id}", *rest]) + query
                return answer({"message": "Moved Permanently", "url": to}, 301, {"Location": to})
        else:
            return gone()
        if at is None or at.deleted:
            return gone()
        return self._in(at, rest, request)

    def _in(self, at: Repository, rest: Sequence[str], request: Request) -> server.Reply:
        if not rest:
            return answer(at.said(self.url + self.prefix))
        if RIGHTS.get(rest[0]) in at.denied:
            return gone("Resource not accessible by personal access token", 403)
        doors: dict[str, Callable[[Repository, Sequence[str], Request], server.Reply]] = {
            "deployments": self._deployments, "releases": self._releases, "actions": self._actions,
            "pulls": self._pulls, "commits": self._commits, "compare": self._compare, "issues": self._issues,
        }  # fmt: skip
        return doors[rest[0]](at, rest[1:], request) if rest[0] in doors else gone()

    def _deployments(self, at: Repository, rest: Sequence[str], request: Request) -> server.Reply:
        if not rest:
            return self._page(at.deployments[::-1], request)
        row = self._row(at.deployments, rest[0])
        if row is None:
            return gone()
        return self._page(at.statuses[row["id"]], request) if rest[1:] == ["statuses"] else answer(row)

    def _releases(self, at: Repository, rest: Sequence[str], request: Request) -> server.Reply:
        if not rest:
            return self._page(sorted(at.releases, key=lambda one: one["created_at"], reverse=True), request)
        row = self._row(at.releases, rest[0])
        return answer(row) if row else gone()

    def _actions(self, at: Repository, rest: Sequence[str], request: Request) -> server.Reply:
        if list(rest) == ["runs"]:
            rows = [attempts[-1] for attempts in reversed(at.runs)]
            created = request.query.get("created")
            if not created:
                return self._page(rows, request, key="workflow_runs")
            start, _, end = created.partition("..")
            return self._page(
                [one for one in rows if start <= one["created_at"] <= (end or "~")],
                request,
                key="workflow_runs",
                cap=CAP,
            )
        attempts = next((one for one in at.runs if str(one[0]["id"]) == rest[1]), None) if len(rest) > 1 else None
        if attempts is None:
            return gone()
        if len(rest) == 2:
            return answer(attempts[-1])
        if rest[2] == "attempts":
            place = int(rest[3]) - 1
            return answer(attempts[place]) if place < len(attempts) else gone()
        jobs = at.jobs[attempts[0]["id"]]
        if request.query.get("filter") != "all":
            jobs = [one for one in jobs if one["run_attempt"] == len(attempts)]
        return self._page(jobs, request, key="jobs")

    def _pulls(self, at: Repository, rest: Sequence[str], request: Request) -> server.Reply:
        if not rest:
            return self._page(self._by(at.pulls, request), request)
        row = next((one for one in at.pulls if str(one["number"]) == rest[0]), None)
        if row is None:
            return gone()
        if rest[1:] == ["commits"]:
            return self._page(at.pull_commits[row["number"]][:MOST_COMMITS], request)
        return self._page(at.reviews[row["number"]], request) if rest[1:] == ["reviews"] else answer(row)

    def _commits(self, at: Repository, rest: Sequence[str], request: Request) -> server.Reply:
        if not at.commits:
            return gone("Git Repository is empty.", 409)
        if rest:
            which = "/".join(rest)
            row = at.commits.get(at.tags.get(which) or at.branches.get(which) or which)
            return answer(row) if row else gone("No commit found for SHA", 422)
        ref = request.query.get("sha") or at.default_branch
        rows = self._history(at, at.branches.get(ref, ref))
        since, until = request.query.get("since", ""), request.query.get("until") or "~"
        return self._page([one for one in rows if since <= one["commit"]["committer"]["date"] <= until], request)

    def _compare(self, at: Repository, rest: Sequence[str], request: Request) -> server.Reply:
        base, _, head = rest[0].partition("...")
        if not self.compares or base not in at.commits or head not in at.commits:
            return gone()
        held = {one["sha"] for one in self._history(at, base)}
        rows = [one for one in self._history(at, head) if one["sha"] not in held][::-1]
        page = self._page(rows, request)
        return answer({"total_commits": len(rows), "commits": page.body}, 200, page.headers)

    def _history(self, at: Repository, tip: str) -> list[Row]:
        seen: dict[str, Row] = {}
        waiting = [tip]
        while waiting:
            sha = waiting.pop()
            if sha in seen or sha not in at.commits:
                continue
            seen[sha] = at.commits[sha]
            waiting += [one["sha"] for one in seen[sha]["parents"]]
        return sorted(seen.values(), key=lambda one: one["commit"]["committer"]["date"], reverse=True)

    def _issues(self, at: Repository, rest: Sequence[str], request: Request) -> server.Reply:
        if at.no_issues:
            return gone("Issues has been disabled in this repository.", 410)
        if not rest:
            also = [{**one, "pull_request": {"url": "…"}, "id": one["id"] + 500_000} for one in at.pulls]
            return self._page(self._by([*at.issues, *also], request), request)
        row = next((one for one in at.issues if str(one["number"]) == rest[0]), None)
        return answer(row) if row else gone()

    def _by(self, rows: Sequence[Row], request: Request) -> list[Row]:
        name = f"{request.query.get('sort', 'created')}_at"
        falling = request.query.get("direction", "desc") == "desc"
        wanted = [one for one in rows if request.query.get("state", "open") in ("all", one["state"])]
        return sorted(wanted, key=lambda one: (one[name], one["id"]), reverse=falling)

    def _row(self, rows: Sequence[Row], which: str) -> Row | None:
        return next((one for one in rows if str(one["id"]) == which), None)

    def _page(self, rows: Sequence[Any], request: Request, *, key: str = "", cap: int | None = None) -> server.Reply:
        size = min(max(int(request.query.get("per_page", 30)), 1), 100)
        page = max(int(request.query.get("page", 1)), 1)
        shown = rows if cap is None else rows[:cap]
        found = list(shown[(page - 1) * size : page * size])
        links = []
        last = max((len(shown) + size - 1) // size, 1)
        base = self.url + request.path
        for rel, number in (("next", page + 1), ("last", last), ("first", 1), ("prev", page - 1)):
            if (rel in ("next", "last") and page < last) or (rel in ("first", "prev") and page > 1):
                links.append(f'<{base}?{urlencode({**request.query, "page": number})}>; rel="{rel}"')
        headers = {"Link": ", ".join(links)} if links else {}
        return answer({"total_count": len(rows), key: found} if key else found, 200, headers)

    # --- GraphQL -----------------------------------------------------------------------------------------------------

    def _graphql(self, asked: Mapping[str, Any]) -> server.Reply:
        self.used += 1
        ids = asked["variables"]["ids"]
        if len(ids) > 100:
            return answer({"errors": [{"type": "INVALID", "message": "Too many ids"}]})
        return answer({"data": {"nodes": [self._node(one) for one in ids]}}, 200, self._limits())

    def _node(self, which: str) -> Row | None:
        kind, _, rest = which.partition("_")
        for at in self.world.repositories:
            if kind == "DE" and int(rest) in at.statuses and "deployments" not in at.denied:
                nodes = [
                    {"id": one["node_id"], "state": one["state"].upper(), "createdAt": one["created_at"],
                     "updatedAt": one["updated_at"], "logUrl": one["log_url"], "environmentUrl": None}
                    for one in at.statuses[int(rest)]
                ]  # fmt: skip
                return {"id": which, "databaseId": int(rest), "statuses": _nodes(nodes, 100)}
            if kind == "RE" and (row := self._row(at.releases, rest)):
                return {"id": which, "tagCommit": {"oid": at.tags[row["tag_name"]]}}
            if kind == "PR" and rest.startswith(f"{at.id}_"):
                return self._pull_node(at, which, int(rest.split("_")[1]))
        return None

    def _pull_node(self, at: Repository, which: str, number: int) -> Row:
        commits = [
            {"commit": {"oid": one["sha"], "message": one["commit"]["message"],
                        "authoredDate": one["commit"]["author"]["date"]}}
            for one in at.pull_commits[number]
        ]  # fmt: skip
        reviews = [
            {"databaseId": one["id"], "state": one["state"], "submittedAt": one["submitted_at"],
             "author": one["user"] and {"__typename": one["user"]["type"], "login": one["user"]["login"]}}
            for one in at.reviews[number]
        ]  # fmt: skip
        return {"id": which, "number": number, "commits": _nodes(commits, 100), "reviews": _nodes(reviews, 100)}


def _nodes(rows: Sequence[Row], most: int) -> Row:
    return {"totalCount": len(rows), "pageInfo": {"hasNextPage": len(rows) > most}, "nodes": rows[:most]}


# --- by itself -------------------------------------------------------------------------------------------------------


def large(objects: int = 20_000, *, repositories: int = 4, seed: int = 1, start: datetime = START) -> World:
    """A world of so many deployments, runs, pull requests, issues and commits."""
    world, chance = World(start), random.Random(seed)
    places = [world.repository(f"acme/part-{number}") for number in range(repositories)]
    for at in places:
        world.commit(at, "Begin")
    for place in range(objects):
        at = places[place % repositories]
        match place // repositories % 5:
            case 0:
                world.deploy(at, *(("in_progress", "success") if chance.random() < 0.9 else ("in_progress",)))
            case 1:
                world.run(at, chance.choice(("success", "success", "failure", None)))
            case 2:
                pull = world.pull(at, f"Work {place}", commits=1)
                if chance.random() < 0.8:
                    world.review(at, pull)
                    world.merge(at, pull, "squash")
            case 3:
                world.issue(at, labels=chance.choice((("incident",), ("bug",))))
            case _:
                world.commit(at, f"Change {place}")
    return world


def until_now(objects: int, *, seed: int = 1) -> World:
    """Such a world whose last row was made just now, and whose clock goes on with ours."""
    long = large(objects, seed=seed).now - START
    world = large(objects, seed=seed, start=datetime.now(UTC).replace(microsecond=0) - long)
    world.live = True
    return world


def change(world: World, chance: random.Random, *, make: bool = True) -> None:
    """Something happens: a deployment ends, a run is tried again, an issue closes, something new is made."""
    at = chance.choice(world.repositories)
    match chance.randrange(7 if make else 4):
        case 0 if at.deployments:
            row = chance.choice(at.deployments[-200:])
            had = {one["state"] for one in at.statuses[row["id"]]}
            world.status(at, row, "inactive" if "success" in had else "success", 1)
        case 1 if at.runs:
            attempts = chance.choice(at.runs[-100:])
            if attempts[-1]["status"] == "completed":
                world.rerun(at, attempts)
            else:
                world.finish(at, attempts, "success", 2)
        case 2 if at.issues:
            row = chance.choice(at.issues)
            world.close(at, row)
        case 3 if at.pulls:
            row = chance.choice(at.pulls)
            if row["merged_at"]:
                row.update(title=f"{row['title'].split(' again')[0]} again", updated_at=world.tick(1))
            else:
                world.merge(at, row, "squash")
        case 4:
            world.deploy(at, "in_progress", "success")
        case 5:
            world.run(at, "success")
        case _:
            world.commit(at, "More")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--grow", action="store_true", help="20,000 objects that change while they are paged")
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    fake = FakeGitHub(until_now(said.objects if said.grow else 200, seed=said.seed))
    fake.port = said.port
    chance = random.Random(said.seed)
    if said.grow:
        fake.between = lambda request: change(fake.world, chance)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with fake:
        print(f"GitHub at {fake.url}, {iso(fake.world.now)}", flush=True)
        ended.wait()


if __name__ == "__main__":
    main()
