"""A small, real Git repository for a demo that runs outside a checkout: three months of commits and releases."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

WORDS = ("Read the address from settings", "Answer faster", "Say what went wrong", "Test the paging", "Tidy the parser")


def make(path: Path) -> Path:
    """Make it in `path`, whole or not at all."""
    chance = random.Random(7)  # noqa: S311 (sample data)
    new = path.with_name(path.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    at = datetime.now(UTC) - timedelta(days=90)
    _git(new, at, "init", "-q", "-b", "main")
    for number in range(1, 91):
        at += timedelta(hours=chance.uniform(8, 32))
        if at > datetime.now(UTC):
            break
        message = f"{chance.choice(WORDS)} ({number})"
        _git(
            new,
            at,
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            message,
            authored=at - timedelta(hours=chance.uniform(1, 60)),
        )
        if number % 5 == 0:
            _git(new, at + timedelta(minutes=20), "tag", "-a", "-m", "release", f"v0.{number // 5}")
    new.rename(path)
    return path


def _git(folder: Path, at: datetime, *arguments: str, authored: datetime | None = None) -> None:
    who = {"NAME": "Sample", "EMAIL": "sample@example.org"}
    environment = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    environment |= {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": (authored or at).isoformat(),
        "GIT_COMMITTER_DATE": at.isoformat(),
    }
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)
