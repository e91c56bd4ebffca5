"""Real Git repositories for the tests, made commit by commit, with the dates that a test wants."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


class Repository:
    """A repository in `path` with a clock that each commit moves on by an hour."""

    def __init__(self, path: Path, *, bare: bool = False) -> None:
        self.path = path
        self.now = START
        path.mkdir(parents=True)
        self.git("init", "-q", "-b", "main", *(["--bare"] if bare else []))

    def git(
        self,
        *arguments: str,
        at: datetime | str | None = None,
        authored: datetime | str | None = None,
        stdin: bytes = b"",
    ) -> str:
        when = _date(at or self.now)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": _date(authored) if authored else when,
            "GIT_COMMITTER_DATE": when,
        }
        done = subprocess.run(["git", *arguments], cwd=self.path, env=environment, capture_output=True, input=stdin)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode("utf-8", "replace").strip()

    def commit(
        self, message: str = "Work", *, authored: datetime | str | None = None, at: datetime | None = None
    ) -> str:
        self.now = at or self.now + timedelta(hours=1)
        self.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", message, authored=authored)
        return self.git("rev-parse", "HEAD")

    def tag(
        self,
        name: str,
        *,
        on: str = "HEAD",
        annotated: bool = True,
        at: datetime | str | None = None,
        force: bool = False,
    ) -> None:
        options = (["-f"] if force else []) + (["-a", "-m", name] if annotated else [])
        self.git("tag", *options, name, on, at=at)

    def merge(self, branch: str) -> str:
        self.now += timedelta(hours=1)
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", branch)
        return self.git("rev-parse", "HEAD")

    def count(self, *what: str) -> int:
        return int(self.git("rev-list", "--count", "--no-merges", *what))

    def tags(self) -> list[str]:
        return self.git("tag", "--sort=creatordate").split()


def _date(at: datetime | str) -> str:
    return at if isinstance(at, str) else f"@{int(at.timestamp())} +0000"


def large(path: Path, *, commits: int, every: int, branches: bool = True, start: datetime = START) -> Repository:
    """A repository of `commits` commits with a tag each `every`, by fast-import: merges, and skewed author dates."""
    repository = Repository(path)
    lines: list[bytes] = []
    at = int(start.timestamp())
    side, tip = 0, 0
    for number in range(1, commits + 1):
        at += 3000 + (number * 7919) % 1800
        merge_now = branches and number % 40 == 0 and side
        on_side = branches and number % 10 in (3, 4, 5) and not merge_now
        ref = "refs/heads/side" if on_side else "refs/heads/main"
        parent = (side or tip) if on_side else tip
        message = f"Change {number}".encode()
        lines += [
            f"commit {ref}\nmark :{number}\n".encode(),
            f"author Ada <ada@example.org> {at - (number * 131) % 200_000} +0000\n".encode(),
            f"committer Ada <ada@example.org> {at} +0000\n".encode(),
            b"data %d\n%s\n" % (len(message), message),
        ]
        if parent:
            lines.append(f"from :{parent}\n".encode())
        if merge_now:
            lines.append(f"merge :{side}\n".encode())
        if on_side:
            side = number
        else:
            tip = number
            side = 0 if merge_now else side
        if number % every == 0:
            name = f"v1.{number // every}"
            lines.append(f"tag {name}\nfrom :{tip}\ntagger Ada <ada@example.org> {at} +0000\ndata 1\nx\n".encode())
    repository.git("fast-import", "--quiet", "--force", stdin=b"".join(lines))
    repository.now = datetime.fromtimestamp(at, UTC)
    return repository
