"""Files between the dry run and the import: in a private folder, under names that nobody guesses, for a day.

A file belongs to the user who sent it. Every web process of this machine reads the same folder.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from teams.models import User

KEPT_SECONDS = 24 * 3600
MOST_OF_ONE = 10  # files of one user
_KEY = re.compile(r"[A-Za-z0-9_-]{32}")


@dataclass(slots=True)
class Upload:
    """What was sent, and what the person chose for it so far."""

    key: str
    kind: str
    name: str
    raw: bytes
    chosen: dict[str, Any] = field(default_factory=dict)


def folder() -> Path:
    return Path(settings.CLONES_DIR).parent / "imports"


def keep(user: User, *, kind: str, name: str, raw: bytes, chosen: dict[str, Any]) -> Upload:
    """Raises OSError when the disk does not take it."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    _clean(user)
    upload = Upload(secrets.token_urlsafe(24), kind, name[:200], raw, chosen)
    _write(_path(user, upload.key, "data"), raw)
    remember(user, upload)
    return upload


def remember(user: User, upload: Upload) -> None:
    """Keep what was chosen."""
    said = {name: value for name, value in asdict(upload).items() if name not in ("raw", "key")}
    _write(_path(user, upload.key, "json"), json.dumps(said).encode())


def find(user: User, key: str) -> Upload | None:
    """The user's own file; None when it has gone, is too old, or is somebody else's."""
    if not _KEY.fullmatch(key):
        return None
    path = _path(user, key, "data")
    try:
        if time.time() - path.stat().st_mtime > KEPT_SECONDS:
            return None
        said = json.loads(_path(user, key, "json").read_bytes())
        return Upload(key, said["kind"], said["name"], path.read_bytes(), said["chosen"])
    except (OSError, ValueError, KeyError):
        return None


def forget(user: User, key: str) -> None:
    for kind in ("data", "json"):
        _path(user, key, kind).unlink(missing_ok=True)


def _path(user: User, key: str, kind: str) -> Path:
    return folder() / f"{user.pk}-{key}.{kind}"


def _write(path: Path, raw: bytes) -> None:
    """Whole or not at all; readable by this program only."""
    half = path.with_suffix(f".{secrets.token_hex(6)}.half")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw)
    half.replace(path)


def _clean(user: User) -> None:
    """Old files of everybody, and this user's oldest beyond the number that one may keep."""
    old = time.time() - KEPT_SECONDS
    own: list[tuple[float, str]] = []
    for path in folder().iterdir():
        try:
            age = path.stat().st_mtime
            if age < old:
                path.unlink(missing_ok=True)
            elif path.suffix == ".data" and path.name.startswith(f"{user.pk}-"):
                own.append((age, path.stem.partition("-")[2]))
        except OSError:
            continue
    for _, key in sorted(own)[: max(0, len(own) - MOST_OF_ONE + 1)]:
        forget(user, key)
