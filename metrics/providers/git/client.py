"""Talks to Git: fetches a repository into a cached bare clone and lists what is in it. Turns nothing into facts.

Only commits are needed, so blobs and trees are not fetched where the server can leave them out. Every refusal of
Git is turned into a sentence that says what to do.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from metrics.addresses import Refused, check_host
from metrics.events import Connection, ProviderError, Tell

BRANCH_REF = "refs/plumbline/branch"
HAVE_REFS = "refs/plumbline/have"
QUIET_SECONDS = 120  # a fetch that says nothing for so long is given up
# fields end in NUL, the one byte that no part of a commit can hold
COMMIT_FORMAT = "%H%x00%P%x00%at%x00%ct%x00%an%x00%s%x00"
BODY_FORMAT = "%H%x00%b%x00"

_PROGRESS = re.compile(
    r"(Receiving objects|Resolving deltas|Counting objects|Compressing objects):\s+\d+% \((\d+)/(\d+)\)"
)
_LIBC = ctypes.CDLL(None) if os.name == "posix" and os.uname().sysname == "Linux" else None


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as it is: `commit` is None when it points at something else."""

    name: str
    commit: str | None
    points_at: str  # commit, tree or blob
    dated: int | None  # seconds since 1970; the tagger's date, None for a lightweight tag


@dataclass(frozen=True, slots=True)
class Refs:
    branch: str  # short name, "" when the repository is empty
    tip: str | None
    tags: tuple[Tag, ...]

    @property
    def fingerprint(self) -> str:
        lines = [f"{self.branch} {self.tip}", *(f"{t.name} {t.commit} {t.dated}" for t in self.tags)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


class Clone:
    """The cached bare clone of one source. It may vanish at any time; everything in it can be fetched again."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.folder = connection.folder / f"git-{connection.source}"

    # --- asking the origin -------------------------------------------------------------------------------------------

    def probe(self) -> tuple[str, int]:
        """(default branch, number of tags) of the origin, without fetching. Raises ProviderError."""
        out = self._remote("ls-remote", "--symref", self._address(), "HEAD", "refs/tags/*")
        branch, tags = "", 0
        for line in out.splitlines():
            if line.startswith("ref: refs/heads/"):
                branch = line.removeprefix("ref: refs/heads/").split("\t")[0]
            elif "\trefs/tags/" in line and not line.endswith("^{}"):
                tags += 1
        return branch, tags

    @contextlib.contextmanager
    def owned(self) -> Iterator[None]:
        """Keep every other process out of the clone."""
        self.connection.folder.mkdir(parents=True, exist_ok=True)
        with (self.connection.folder / f"git-{self.connection.source}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in (*self.folder.glob("*.lock"), *(self.folder / "refs").rglob("*.lock")):
                left.unlink(missing_ok=True)  # of a git that was killed; we are alone here
            yield

    def fetch(self, branch: str, tell: Tell) -> None:
        """Bring the clone up to date with the origin's `branch` ("" for its default) and tags."""
        address = self._address()
        self._prepare()
        if not branch:
            branch = self.probe()[0]
        wanted = [f"+refs/heads/{branch}:{BRANCH_REF}"] if branch else []
        arguments = ["fetch", "--progress", "--force", "--prune", "--no-auto-gc", "--no-tags", "--no-write-fetch-head"]
        thin = [] if self._local() else ["--filter=tree:0"]
        for options in (thin, []) if thin else ([],):
            try:
                self._fetch([*arguments, *options, "--", address, *wanted, "+refs/tags/*:refs/tags/*"], tell)
                break
            except ProviderError as refused:
                if not options or "filter" not in refused.detail:
                    raise
        self._git("symbolic-ref", "HEAD", f"refs/heads/{branch or 'main'}")
        if self._git("rev-parse", "--is-shallow-repository").strip() == "true":
            raise _shallow()

    # --- reading the clone -------------------------------------------------------------------------------------------

    def refs(self) -> Refs:
        """The branch and the tags, with what each tag finally points at."""
        fields = "%00".join(["%(refname:strip=2)", "%(objecttype)", "%(taggerdate:unix)"])
        # names are bytes: they go back to Git as they came, and are made readable only for people
        told = self._bytes("for-each-ref", f"--format={fields}", "refs/tags").decode("utf-8", "surrogateescape")
        listed = [line.split("\0") for line in told.split("\n") if line.count("\0") == 2]
        asked = "".join(f"refs/tags/{name}^{{commit}}\n" for name, _, _ in listed)
        answers = self._git("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked).splitlines()
        tags = []
        for (name, kind, dated), answer in zip(listed, answers, strict=True):
            sha, _, what = answer.rpartition(" ")
            commit = sha if what == "commit" else None
            shown = _words(name.encode("utf-8", "surrogateescape"))
            tags.append(
                Tag(shown, commit, "commit" if commit else kind, int(dated) if dated.lstrip("-").isdigit() else None)
            )
        tip = self._git("rev-parse", "--verify", "--quiet", BRANCH_REF, may_fail=True).strip() or None
        head = self._git("symbolic-ref", "--quiet", "HEAD", may_fail=True).strip().removeprefix("refs/heads/")
        return Refs(head if tip else "", tip, tuple(tags))

    def order(self, tips: Iterable[str], have: Iterable[str]) -> list[str]:
        """Shas reachable from `tips` and not from `have`, parents before children."""
        asked = "".join(f"{tip}\n" for tip in tips) + "".join(f"^{old}\n" for old in have)
        return self._git("rev-list", "--topo-order", "--reverse", "--ignore-missing", "--stdin", stdin=asked).split()

    def commits(self, shas: Iterable[str]) -> str:
        """The commits as COMMIT_FORMAT, in the order asked for."""
        asked = "".join(f"{sha}\n" for sha in shas)
        if not asked:
            return ""
        return self._git("log", "--no-walk=unsorted", f"--format={COMMIT_FORMAT}", "--stdin", stdin=asked)

    def bodies(self, shas: Iterable[str]) -> str:
        """The message bodies of `shas`, for those that say that they revert something."""
        asked = "".join(f"{sha}\n" for sha in shas)
        if not asked:
            return ""
        return self._git("log", "--no-walk=unsorted", f"--format={BODY_FORMAT}", "--stdin", stdin=asked)

    def graph(self, tips: Iterable[str]) -> tuple[dict[str, tuple[str, ...]], dict[str, int]]:
        """(parents of each commit, its committer's time) of all that is reachable from `tips`."""
        asked = "".join(f"{tip}\n" for tip in tips)
        parents: dict[str, tuple[str, ...]] = {}
        when: dict[str, int] = {}
        if not asked:
            return parents, when
        for line in self._git(
            "rev-list", "--parents", "--timestamp", "--ignore-missing", "--stdin", stdin=asked
        ).splitlines():
            at, sha, *above = line.split()
            parents[sha] = tuple(above)
            when[sha] = int(at)
        return parents, when

    def related(self, one: str, other: str) -> bool:
        """Whether one of the two is an ancestor of the other; False also when one is missing."""
        return any(
            _run(
                ["git", "-C", str(self.folder), "merge-base", "--is-ancestor", a, b], env=self._environment()
            ).returncode
            == 0
            for a, b in ((one, other), (other, one))
        )

    def first_parents(self, tip: str) -> list[str]:
        """The chain of `tip`'s first parents, oldest first."""
        return self._git("rev-list", "--first-parent", "--reverse", tip).split()

    def remembered(self, mark: str) -> list[str]:
        """The tips of the finished run called `mark`; none when the clone did not live through it."""
        return self._git("for-each-ref", "--format=%(objectname)", f"{HAVE_REFS}/{_short(mark)}").split()

    def remember(self, mark: str, tips: Iterable[str]) -> None:
        """Keep `tips`, by which the next run knows what is new, and forget those of the run before."""
        old = self._git("for-each-ref", "--format=%(refname)", HAVE_REFS).split()
        new = {f"{HAVE_REFS}/{_short(mark)}/{tip}": tip for tip in tips}
        lines = [f"update {ref} {tip}\n" for ref, tip in new.items()]
        lines += [f"delete {ref}\n" for ref in old if ref not in new]
        self._git("update-ref", "--stdin", stdin="".join(lines))

    # --- running git -------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        if not (self.folder / "HEAD").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self._git("init", "--bare", "--quiet", "--initial-branch=main", str(self.folder))
            self._git("config", "gc.auto", "0")  # commits of a rewritten history stay readable
            self._git("config", "maintenance.auto", "false")

    def _local(self) -> bool:
        return "://" not in self.connection.address and not _is_scp(self.connection.address)

    def _address(self) -> str:
        """The address as Git may use it, checked. Raises ProviderError when it may not be read."""
        address = self.connection.address.strip()
        if self._local():
            return self._local_path(address)
        if _is_scp(address):
            host, path = address.split(":", 1)
            address = f"ssh://{host}/{path.lstrip('/')}"
        parts = urlsplit(address)
        host = parts.hostname or ""
        trusted = host in self.connection.trusted_hosts
        if parts.scheme not in (("https", "ssh", "http", "git") if trusted else ("https", "ssh")):
            raise ProviderError(
                f"Plumbline does not read {parts.scheme}:// addresses.",
                advice="Use https:// or ssh://, or ask an administrator to allow this host.",
                permanent=True,
            )
        if not trusted:
            try:
                check_host(host, parts.port or (22 if parts.scheme == "ssh" else 443))
            except Refused as why:
                raise ProviderError(str(why), advice=why.advice, permanent=True) from why
        if self.connection.secret and parts.scheme == "https":
            user, _, token = self.connection.secret.rpartition(":")
            login = f"{quote(user or 'token', safe='')}:{quote(token, safe='')}"
            parts = parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}")
        return urlunsplit(parts)

    def _local_path(self, address: str) -> str:
        path = Path(address).expanduser()
        allowed = [Path(folder).resolve() for folder in self.connection.local_paths]
        if not any(path.resolve().is_relative_to(folder) for folder in allowed):
            raise ProviderError(
                f"Plumbline may not read {address}.",
                advice="Use an https:// address, or ask an administrator to add the folder to "
                "PLUMBLINE_LOCAL_REPOSITORIES.",
                permanent=True,
            )
        if not path.exists():
            raise ProviderError(f"There is no folder {address}.", advice="Check the path.", permanent=True)
        asked = _run(["git", "-C", str(path), "rev-parse", "--is-shallow-repository"], env=self._environment())
        if asked.stdout.strip() == b"true":
            raise _shallow()
        return str(path)

    def _environment(self) -> Mapping[str, str]:
        """Nothing of the user's own set-up, no questions at a terminal."""
        return _quiet(self.connection.folder)

    def _pins(self) -> list[str]:
        """Options that hold a https host to the addresses that were checked, whatever DNS says a second later."""
        parts = urlsplit(self.connection.address)
        if parts.scheme != "https" or not parts.hostname or parts.hostname in self.connection.trusted_hosts:
            return []
        port = parts.port or 443
        checked = check_host(parts.hostname, port)
        return [
            "-c",
            f"http.curloptResolve={parts.hostname}:{port}:{','.join(checked)}",
            "-c",
            "http.followRedirects=false",
        ]

    def _git(self, *arguments: str, stdin: str | None = None, may_fail: bool = False) -> str:
        return _words(self._bytes(*arguments, stdin=stdin, may_fail=may_fail))

    def _bytes(self, *arguments: str, stdin: str | None = None, may_fail: bool = False) -> bytes:
        done = _run(
            ["git", *(["-C", str(self.folder)] if self.folder.exists() else []), *arguments],
            stdin=stdin,
            env=self._environment(),
        )
        if done.returncode and not may_fail:
            raise ProviderError("Git could not read the copy of this repository.", detail=_words(done.stderr)[-2000:])
        return done.stdout

    def _remote(self, *arguments: str) -> str:
        done = _run(["git", *self._pins(), *arguments], env=self._environment(), timeout=QUIET_SECONDS)
        if done.returncode:
            raise _refusal(_words(done.stderr), self.connection)
        return _words(done.stdout)

    def _fetch(self, arguments: list[str], tell: Tell) -> None:
        """Run a fetch, passing its progress on; ended when it is silent too long or we lose the stream."""
        process = subprocess.Popen(
            ["git", "-C", str(self.folder), *self._pins(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(self._environment()),
            preexec_fn=_die_with_parent,
        )
        assert process.stderr is not None
        os.set_blocking(process.stderr.fileno(), False)
        heard, last = b"", time.monotonic()
        try:
            while True:
                chunk = process.stderr.read() or b""
                if chunk:
                    heard, last = (heard + chunk)[-8000:], time.monotonic()
                    if found := _PROGRESS.findall(_words(heard)):
                        what, done, total = found[-1]
                        tell(what.lower(), int(done), int(total))
                elif process.poll() is not None:
                    break
                elif time.monotonic() - last > QUIET_SECONDS:
                    raise ProviderError("The repository stopped answering.", advice="We try again by ourselves.")
                else:
                    tell("asking the repository")
                    time.sleep(0.1)  # the fetch runs beside us; this is only how often we look
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if process.returncode:
            raise _refusal(_words(heard), self.connection)


def _run(
    command: list[str],
    *,
    env: Mapping[str, str],
    stdin: str | None = None,
    timeout: float = 600,
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command,
            input=stdin.encode("utf-8", "surrogateescape") if stdin is not None else b"",
            capture_output=True,
            env=dict(env),
            cwd="/",
            timeout=timeout,
            preexec_fn=_die_with_parent,
        )
    except FileNotFoundError as missing:
        raise ProviderError("Git is not installed on this machine.", advice="Install git.", permanent=True) from missing
    except subprocess.TimeoutExpired as late:
        raise ProviderError("The repository did not answer in time.", advice="We try again by ourselves.") from late


def _quiet(home: Path) -> dict[str, str]:
    settings = {
        "safe.directory": "*",
        "protocol.ext.allow": "never",
        "protocol.file.allow": "always",
        "core.hooksPath": os.devnull,
    }
    settings |= {"transfer.fsckObjects": "false", "i18n.logOutputEncoding": "UTF-8", "core.quotePath": "false"}
    pairs = [(f"GIT_CONFIG_KEY_{n}", key) for n, key in enumerate(settings)]
    pairs += [(f"GIT_CONFIG_VALUE_{n}", value) for n, value in enumerate(settings.values())]
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(_global_settings(home)),
        "GIT_CONFIG_COUNT": str(len(settings)),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=20",
        "GIT_OPTIONAL_LOCKS": "0",
        **dict(pairs),
    }


def _global_settings(home: Path) -> Path:
    """A settings file for the git at the other end of a local path: it must trust a repository of another owner."""
    file = home / "gitconfig"
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        file.write_text("[safe]\n\tdirectory = *\n")
    return file


def _die_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(1, int(signal.SIGKILL))


def _short(mark: str) -> str:
    return hashlib.sha256(mark.encode()).hexdigest()[:16]


def _words(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _is_scp(address: str) -> bool:
    return bool(re.fullmatch(r"[\w.-]+@[\w.-]+:[^/].*|[\w.-]+@[\w.-]+:/.*", address))


def _shallow() -> ProviderError:
    return ProviderError(
        "This repository is a shallow clone: part of its history is missing.",
        advice="Point the source at the full repository, or run `git fetch --unshallow` in it.",
        permanent=True,
    )


_REFUSALS = (
    (
        r"could not read (Username|Password)|Authentication failed|HTTP (Basic|401)|error: 401"
        r"|Permission denied \(publickey",
        "The repository asks for credentials, and ours were refused.",
        "Enter a token that may read it.",
        True,
    ),
    (r"error: 403", "Our credentials may not read this repository.", "Give the token read access.", True),
    (
        r"[Rr]epository .*not found|error: 404|does not exist",
        "There is no repository at this address.",
        "Check the address; a private one also needs a token.",
        True,
    ),
    (
        r"does not appear to be a git repository|not a git repository|not valid: is this a git repository",
        "What is at this address is not a Git repository.",
        "Check the address.",
        True,
    ),
    (r"shallow", "", "", True),
    (r"Could not resolve host|Name or service not known", "The host name is not known.", "Check the address.", False),
    (
        r"Connection refused|timed out|Could not connect|unable to access|early EOF|hung up",
        "The repository's server does not answer.",
        "We try again by ourselves.",
        False,
    ),
)


def _refusal(words: str, connection: Connection) -> ProviderError:
    """Git's words as a sentence with advice; the detail has no secret in it."""
    detail = words
    if connection.secret:
        token = connection.secret.rpartition(":")[2]
        detail = detail.replace(quote(token, safe=""), "[hidden]").replace(token, "[hidden]")
    detail = re.sub(r"(://)[^/\s@]+@", r"\1", detail).strip()[-2000:]
    for pattern, sentence, advice, permanent in _REFUSALS:
        if re.search(pattern, words):
            if not sentence:
                return _shallow()
            return ProviderError(sentence, advice=advice, detail=detail, permanent=permanent)
    return ProviderError("Git could not read this repository.", advice="The detail has Git's own words.", detail=detail)
