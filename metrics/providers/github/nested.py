"""What belongs to a deployment, release, pull request or run beyond its row in a list, read and kept with it.

One GraphQL question for many things where the server takes it, else REST for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from metrics import read
from metrics.events import Observation, Tell

from .client import PER_PAGE, Client, NoGraphql
from .words import Words, first, number, observation, time, title_of

MOST_ATTEMPTS = 50  # of a run that are read
STATUSES = """query($ids:[ID!]!){nodes(ids:$ids){... on Deployment{id databaseId
 statuses(first:100){pageInfo{hasNextPage} nodes{id state createdAt updatedAt logUrl environmentUrl}}}}}"""
RELEASES = "query($ids:[ID!]!){nodes(ids:$ids){... on Release{id tagCommit{oid}}}}"
PULLS = """query($ids:[ID!]!){nodes(ids:$ids){... on PullRequest{id number
 commits(first:100){totalCount pageInfo{hasNextPage} nodes{commit{oid message authoredDate}}}
 reviews(first:100){pageInfo{hasNextPage} nodes{databaseId state submittedAt author{__typename login}}}}}}"""


class Nested:
    """Reads what belongs to the rows of one repository. `notes` are oddities met on the way."""

    def __init__(self, client: Client, place: Words, tell: Tell) -> None:
        self.client, self.place, self.tell = client, place, tell
        self.name = read.text(place.get("full_name"), 200)
        self.notes: list[str] = []

    def of(self, kind: str, rows: Sequence[Words]) -> list[Observation]:
        """The observations that follow from `rows` of a list."""
        makes: dict[str, Callable[[Sequence[Words]], list[Observation]]] = {
            "deployment": self.deployments, "release": self.releases, "run": self.runs, "pull": self.pulls,
            "commit": self.commits, "issue": self.issues,
        }  # fmt: skip
        return makes[kind](rows)

    def which(self, kind: str, row: Words) -> str:
        """How we call a thing: the id alone does not say in which repository to ask for it."""
        if kind == "commit":
            return f"{self.name}@{read.text(row.get('sha'), 64).lower()}"
        return f"{self.name}#{read.ident(row.get('number' if kind in ('pull', 'issue') else 'id'))}"

    # --- by kind -----------------------------------------------------------------------------------------------------

    def deployments(self, rows: Sequence[Words]) -> list[Observation]:
        nodes = self._nodes(STATUSES, rows)
        found = []
        for row in rows:
            node = nodes.get(read.text(row.get("node_id")))
            statuses: Any = None
            if node is not None and not read.at(node, "statuses", "pageInfo", "hasNextPage"):
                statuses = read.rows(read.at(node, "statuses", "nodes"))
            else:
                self.tell("deployments")
                statuses = self._every(f"repos/{self.name}/deployments/{read.ident(row.get('id'))}/statuses")
            changed = [time(one, "updated_at", "updatedAt", "created_at", "createdAt") for one in statuses or ()]
            found.append(
                observation(
                    "deployment", self.which("deployment", row),
                    read.latest(time(row, "updated_at"), time(row, "created_at"), *changed),
                    repository=self.place, deployment=row, statuses=statuses, whole=statuses is not None or None,
                )
            )  # fmt: skip
        return found

    def releases(self, rows: Sequence[Words]) -> list[Observation]:
        published = [row for row in rows if row.get("draft") is not True]
        nodes = self._nodes(RELEASES, published)
        found = []
        for row in rows:
            sha = read.text(read.at(nodes.get(read.text(row.get("node_id"))), "tagCommit", "oid"), 64)
            if not sha and row in published:
                self.tell("releases")
                sha = self._sha_of(read.text(row.get("tag_name"), 250))
            at = read.latest(time(row, "updated_at"), time(row, "published_at"), time(row, "created_at"))
            found.append(
                observation(
                    "release", self.which("release", row), at, repository=self.place, release=row, sha=sha or None
                )
            )
        return found

    def pulls(self, rows: Sequence[Words]) -> list[Observation]:
        """Only what is merged becomes a change, so only of that more is read."""
        merged = [row for row in rows if row.get("merged_at")]
        nodes = self._nodes(PULLS, merged)
        found = []
        for row in rows:
            said: dict[str, Any] = {}
            if row.get("merged_at"):
                self.tell("pull requests")
                said = self._of_pull(read.ident(row.get("number")), nodes.get(read.text(row.get("node_id"))) or {})
            at = read.latest(time(row, "updated_at"), time(row, "created_at"))
            found.append(observation("pull", self.which("pull", row), at, repository=self.place, pull=row, **said))
        return found

    def _of_pull(self, which: str, node: Words) -> dict[str, Any]:
        commits: Any = read.rows(read.at(node, "commits", "nodes"))
        total = read.at(node, "commits", "totalCount")
        if not commits or read.at(node, "commits", "pageInfo", "hasNextPage"):
            commits = self._every(f"repos/{self.name}/pulls/{which}/commits")
        if commits and len(commits) >= 250 and (not isinstance(total, int) or total > len(commits)):
            self.notes.append(f"{self.name}#{which} has more commits than GitHub lists: the first 250 are known.")
        reviews: Any = read.rows(read.at(node, "reviews", "nodes"))
        if not node.get("reviews") or read.at(node, "reviews", "pageInfo", "hasNextPage"):
            reviews = self._every(f"repos/{self.name}/pulls/{which}/reviews")
        if commits is not None:
            commits = [_commit_of_pull(one) for one in commits]
        return {"commits": commits, "reviews": reviews}

    def runs(self, rows: Sequence[Words]) -> list[Observation]:
        """A run with all of its attempts and all of their jobs."""
        found = []
        for row in rows:
            self.tell("runs")
            which = read.ident(row.get("id"))
            last = number(row.get("run_attempt")) or 1
            if last > MOST_ATTEMPTS:
                self.notes.append(
                    f"Run {which} of {self.name} was tried {last} times: the last {MOST_ATTEMPTS} are read."
                )
            attempts = [row]
            for attempt in range(max(last - MOST_ATTEMPTS, 0) + 1, last):
                path = f"repos/{self.name}/actions/runs/{which}/attempts/{attempt}"
                answer = self.client.get(path, accept=(404, 410), exclude_pull_requests="true")
                if answer.status == 200:
                    attempts.append(read.table(answer.json()))
            jobs = self._every(f"repos/{self.name}/actions/runs/{which}/jobs", "jobs", filter="all")
            found.append(
                observation(
                    "run", self.which("run", row), read.latest(*(time(one, "updated_at") for one in attempts)),
                    repository=self.place, runs=attempts, jobs=[_job(one) for one in jobs or ()], whole=True,
                )
            )  # fmt: skip
        return found

    def commits(self, rows: Sequence[Words]) -> list[Observation]:
        found = []
        for row in rows:
            kept = {name: said for name, said in row.items() if name not in ("files", "stats")}
            at = time(read.at(row, "commit", "committer"), "date")
            found.append(observation("commit", self.which("commit", row), at, repository=self.place, commit=kept))
        return found

    def issues(self, rows: Sequence[Words]) -> list[Observation]:
        found = []
        for row in rows:
            if not row.get("pull_request"):
                at = time(row, "updated_at", "created_at")
                found.append(observation("issue", self.which("issue", row), at, repository=self.place, issue=row))
        return found

    # --- asking ------------------------------------------------------------------------------------------------------

    def _nodes(self, query: str, rows: Sequence[Words]) -> dict[str, Words]:
        ids = [one for row in rows if (one := read.text(row.get("node_id")))]
        try:
            return self.client.nodes(query, ids) if ids else {}
        except NoGraphql:
            return {}

    def _every(self, path: str, key: str = "", **params: Any) -> list[Words] | None:
        """All rows of a short list; None where it may not be read."""
        found = self.client.every(self.client.url(path, per_page=PER_PAGE, **params), key)
        return list(found.rows) if found.status == 200 else None

    def _sha_of(self, tag: str) -> str:
        if not tag:
            return ""
        answer = self.client.get(f"repos/{self.name}/commits/{tag}", accept=(404, 409, 422))
        return read.text(read.table(answer.json()).get("sha"), 64) if answer.status == 200 else ""


def _commit_of_pull(words: Words) -> Words:
    """A commit as REST and GraphQL list it: whose it is, when it was made and its first line."""
    commit = read.table(words.get("commit"))
    kept = {name: commit[name] for name in ("authoredDate", "author") if name in commit}
    sha = first(words, "sha", "oid") or commit.get("oid")
    return {"sha": sha, "commit": {"message": title_of(commit.get("message")), **kept}}


def _job(words: Words) -> Words:
    """A job without its steps, which are many."""
    return {name: said for name, said in words.items() if name not in ("steps", "labels")}
