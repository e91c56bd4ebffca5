"""The demo as somebody meets it who has just cloned the project: one command, a real process, a browser's requests."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.guard import refuse_sample_accounts
from teams.models import User

from .metrics.repository import Repository
from .processes import PROJECT, Process, gone, mentioning, start, wait_for

START_SECONDS = 240


@dataclass(slots=True)
class Demo:
    """A demo that runs, and a browser that remembers its cookies."""

    home: Path
    port: int
    process: Process
    browser: urllib.request.OpenerDirector

    def get(self, path: str) -> str:
        with self.browser.open(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **form: str) -> str:
        address = f"http://127.0.0.1:{self.port}{path}"
        with self.browser.open(address, data=urllib.parse.urlencode(form).encode(), timeout=30) as answer:
            return str(answer.read().decode())

    def sign_in_as(self, name: str) -> str:
        """The page after the button of `name` on the log-in page."""
        forms = re.findall(r'<form method="post" action="/accounts/look-around/">.*?</form>', self.get("/"), re.DOTALL)
        form = next(form for form in forms if name in form)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
        return self.post("/accounts/look-around/", **fields)


def words(page: str) -> str:
    """What a reader sees of `page`."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def surroundings(home: Path) -> dict[str, str]:
    """A person's environment, with none of the tests' own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return kept | {"HOME": str(home), "PLUMBLINE_HOME": str(home)}


def launch(home: Path, port: int, repository: Path, name: str = "demo") -> Process:
    command = [sys.executable, "manage.py", "demo", "--port", str(port), "--repo", repository]
    return start(name, command, environment=surroundings(home), log=home / f"{name}.log")


@contextlib.contextmanager
def running(home: Path, repository: Path) -> Iterator[Demo]:
    port = free_port()
    process = launch(home, port, repository)
    try:
        wait_for(
            lambda: "Plumbline is at" in everything(process) or not process.alive(),
            seconds=START_SECONDS, name="the demo is ready", told=process.words,
        )  # fmt: skip
        assert process.alive(), process.words()
        browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )
        yield Demo(home, port, process, browser)
    finally:
        process.end(30)


def everything(process: Process) -> str:
    return process.log.read_text(errors="replace")


@contextlib.contextmanager
def some_home() -> Iterator[Path]:
    """A folder that anybody may enter: as root the servers run as somebody else."""
    made = Path(tempfile.mkdtemp(prefix="plumbline-test-", dir="/var/tmp"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """One demo for the tests that only look at it, beside a repository with a release a week."""
    with some_home() as home:
        repository = Repository(home / "payments")
        at = datetime.now(UTC) - timedelta(days=70)
        for week in range(10):
            repository.commit(f"Feature {week}", at=at + timedelta(days=7 * week))
            repository.tag(f"v1.{week}", at=at + timedelta(days=7 * week, hours=5))
        with running(home, repository.path) as started:
            yield started


def test_the_page_answers_and_says_where_it_is(demo: Demo) -> None:
    assert '"database": "up"' in demo.get("/healthz")
    said = everything(demo.process)
    assert f"Plumbline is at http://127.0.0.1:{demo.port}/" in said
    assert "payments: read 10 changes and 10 deployments." in said
    assert "Maya Lindqvist" in said
    assert "Traceback" not in said
    assert "Warning" not in said


def test_the_log_in_page_offers_sample_people(demo: Demo) -> None:
    page = demo.get("/")
    assert "Look around as the director — Maya Lindqvist" in page
    assert page.count("/accounts/look-around/") > 5


def test_signing_in_needs_the_forms_own_token(demo: Demo) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        demo.post("/accounts/look-around/", person="1")
    assert refused.value.code == 403


def test_the_director_sees_this_week_and_the_tools_team_its_real_repository(demo: Demo) -> None:
    page = demo.sign_in_as("Maya Lindqvist")
    assert "Product Engineering" in page
    assert f"Week {datetime.now(UTC).isocalendar().week}" in page
    measures = words(demo.get("/metrics/tools/"))
    assert "From payments" in measures
    assert "5 hours" in measures  # from each commit to its tag
    assert re.search("Feature [789]", measures)
    sources = demo.get("/sources/product-engineering/")
    assert str(demo.home / "payments") in sources
    assert "Up to date" in sources


def test_a_second_demo_says_that_one_is_running_and_where(demo: Demo) -> None:
    second = launch(demo.home, free_port(), demo.home / "payments", name="second")
    assert second.popen.wait(60) == 1
    said = second.words()
    assert f"A demo is already running at http://127.0.0.1:{demo.port}/ (process {demo.process.pid})" in said
    assert '"database": "up"' in demo.get("/healthz")


def test_a_port_in_use_is_said_and_leaves_nothing_running(demo: Demo) -> None:
    with some_home() as home:
        other = launch(home, demo.port, demo.home / "payments", name="other")
        assert other.popen.wait(60) == 1
        assert f"Port {demo.port} is in use" in other.words()
        assert f"PORT={demo.port + 1}" in other.words()
        assert mentioning(str(home)) == []


def test_a_demo_of_what_is_no_repository_starts_and_says_so_and_sigterm_leaves_nothing_behind() -> None:
    with some_home() as home:
        (home / "not-a-repository").mkdir()
        with running(home, home / "not-a-repository") as started:
            said = everything(started.process)
            assert "not-a-repository: What is at this address is not a Git repository." in said
            assert "Traceback" not in said
            everyone = [started.process.pid, *mentioning(str(home))]
            assert len(everyone) > 6  # two servers, web, worker, beat and their children
            assert started.process.end(30) == 0
        wait_for(lambda: all(gone(pid) for pid in everyone), seconds=5, name="every process of it has ended")
        assert mentioning(str(home)) == []
        assert "Stopped." in everything(started.process)
        assert not (home / "demo" / "servers.json").exists()


@pytest.mark.django_db
def test_a_database_with_sample_accounts_is_refused_outside_the_demo() -> None:
    refuse_sample_accounts()
    sample = User.objects.create_user("maya@meridian.example", is_sample=True)
    with pytest.raises(ImproperlyConfigured, match="drop_sample_accounts"):
        refuse_sample_accounts()
    User.objects.filter(pk=sample.pk).update(is_active=False)
    refuse_sample_accounts()


def test_the_demo_without_debug_is_refused_by_every_process_and_names_the_variable() -> None:
    values = {"PATH": os.environ["PATH"], "PLUMBLINE_DEMO": "1", "SECRET_KEY": "k" * 50, "DEBUG": "0"}
    with some_home() as home:
        for name, what in (("web", "gunicorn config.wsgi"), ("worker", "celery -A config worker")):
            program, *options = what.split()
            command = [Path(sys.executable).parent / program, *options]
            process = start(name, command, environment=values, log=home / name, cwd=PROJECT)
            assert process.popen.wait(60) != 0
            assert "PLUMBLINE_DEMO=1" in everything(process)
