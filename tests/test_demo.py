"""The demo as somebody meets it who has just cloned the project: one command, a real process, a browser's requests."""

from __future__ import annotations

import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.guard import refuse_sample_accounts
from teams.models import User

from .demos import Demo, free_port, launch, some_home, until_ready
from .processes import PROJECT, Process, gone, mentioning, start, wait_for


@dataclass(slots=True)
class Visitor:
    """A browser that remembers its cookies."""

    address: str
    browser: urllib.request.OpenerDirector

    def get(self, path: str) -> str:
        with self.browser.open(f"{self.address}{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **form: str) -> str:
        with self.browser.open(
            f"{self.address}{path}", data=urllib.parse.urlencode(form).encode(), timeout=30
        ) as answer:
            return str(answer.read().decode())

    def sign_in_as(self, name: str) -> str:
        """The page after the button of `name` on the log-in page."""
        forms = re.findall(r'<form method="post" action="/accounts/look-around/">.*?</form>', self.get("/"), re.DOTALL)
        form = next(form for form in forms if name in form)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
        return self.post("/accounts/look-around/", **fields)


def visiting(address: str) -> Visitor:
    cookies = urllib.request.HTTPCookieProcessor(CookieJar())
    return Visitor(address, urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies))


@pytest.fixture
def visitor(demo: Demo) -> Visitor:
    return visiting(demo.address)


def words(page: str) -> str:
    """What a reader sees of `page`."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_page_answers_and_says_where_it_is(demo: Demo, visitor: Visitor) -> None:
    assert '"database": "up"' in visitor.get("/healthz")
    assert f"Plumbline is at {demo.address}/" in demo.said
    assert "real-service: read 40 changes and 10 deployments." in demo.said
    assert "Maya Lindqvist" in demo.said
    assert "Traceback" not in demo.said
    assert "Warning" not in demo.said


def test_the_log_in_page_offers_sample_people(visitor: Visitor) -> None:
    page = visitor.get("/")
    assert "Look around as the director — Maya Lindqvist" in page
    assert page.count("/accounts/look-around/") > 5


def test_signing_in_needs_the_forms_own_token(visitor: Visitor) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        visitor.post("/accounts/look-around/", person="1")
    assert refused.value.code == 403


def test_the_director_sees_this_week_and_the_tools_team_its_real_repository(demo: Demo, visitor: Visitor) -> None:
    page = visitor.sign_in_as("Maya Lindqvist")
    assert "Product Engineering" in page
    assert f"Week {datetime.now(UTC).isocalendar().week}" in page
    assert "From real-service" in words(visitor.get("/metrics/tools/"))
    sources = visitor.get("/sources/product-engineering/")
    assert str(demo.repository.path) in sources
    assert "Up to date" in sources


def test_a_second_demo_says_that_one_is_running_and_where(demo: Demo, visitor: Visitor) -> None:
    second = launch(demo.home, free_port(), demo.repository.path, name="second")
    assert second.popen.wait(60) == 1
    assert f"A demo is already running at {demo.address}/ (process {demo.process.pid})" in second.words()
    assert '"database": "up"' in visitor.get("/healthz")


def test_a_port_in_use_is_said_and_leaves_nothing_running(demo: Demo) -> None:
    with some_home() as home:
        other = launch(home, demo.port, demo.repository.path, name="other")
        assert other.popen.wait(60) == 1
        assert f"Port {demo.port} is in use" in other.words()
        assert f"PORT={demo.port + 1}" in other.words()
        assert mentioning(str(home)) == []


def test_sigterm_leaves_nothing_behind_and_started_again_on_what_is_no_repository_it_says_so_and_has_everything(
    demo: Demo,
) -> None:
    """Ends the demo that the tests share: no test of this process may look at it after this one."""
    ended(demo.process, demo.home)

    (demo.home / "not-a-repository").mkdir()
    port = free_port()
    again = launch(demo.home, port, demo.home / "not-a-repository", name="again")
    try:
        until_ready(again)
        said = again.log.read_text(errors="replace")
        assert "not-a-repository: What is at this address is not a Git repository." in said
        assert "Loaded the sample organisation" not in said, "it was there already"
        assert "Traceback" not in said
        visitor = visiting(f"http://127.0.0.1:{port}")
        visitor.sign_in_as("Maya Lindqvist")
        assert "real-service" in visitor.get("/sources/product-engineering/")
    finally:
        ended(again, demo.home)


def ended(process: Process, home: Path) -> None:
    """Ask it to stop; every process that it had is gone afterwards, and no lock is left."""
    everyone = [process.pid, *mentioning(str(home))]
    assert len(everyone) > 6  # two servers, web, worker, beat and their children
    assert process.end(30) == 0
    wait_for(lambda: all(gone(pid) for pid in everyone), seconds=5, name="every process of it has ended")
    assert mentioning(str(home)) == []
    assert "Stopped." in process.log.read_text(errors="replace")
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
            assert "PLUMBLINE_DEMO=1" in process.log.read_text(errors="replace")
