"""Adding a provider is a folder and a line: one that nobody has heard of is connected through the pages and read.

The folder is written when the test runs, its server speaks real HTTP, and the only thing that knows its name is the
line in the settings. What the provider does is what docs/providers.md asks for, and nothing else.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from metrics import rollups, streams
from metrics.models import Deployment, Puzzle, Source
from metrics.periods import Week
from tests.fakes.server import FakeServer, Reply, Request
from tests.personas import Organisation

TOKEN = "shipyard-token-0123456789"  # noqa: S105
NAME = "shipyard"
FOLDER = {
    "client.py": """
from urllib.parse import urlencode

from metrics.http import Door


class Client:
    def __init__(self, connection):
        headers = {"Authorization": f"Bearer {connection.secret}"}
        self.door = Door(
            address=connection.address, headers=headers, secret=connection.secret,
            trusted_hosts=connection.trusted_hosts,
        )

    def docks(self):
        return self.door.get("/docks").json()

    def launches(self, since, page):
        return self.door.get("/launches?" + urlencode({"since": since, "page": page})).json()
""",
    "parse.py": """
from metrics import read
from metrics.events import DeploymentSeen, Derived, Observation, Outcome, Unreadable

WORDS = {"afloat": Outcome.SUCCESS, "sunk": Outcome.FAILURE}


def observed(row):
    return Observation(kind="launch", id=str(row["id"]), body=read.encoded(row), updated_at=read.when(row["at"]))


def derived(told):
    row = read.table(read.decoded(told[-1].body))
    if not row.get("hull"):
        raise Unreadable("A launch without a hull.")
    dock = read.text(row.get("dock"))
    return Derived(events=(DeploymentSeen(
        provider_id=read.ident(row["id"]), service=read.text(row.get("ship")), environment=dock, production=False,
        sha=read.text(row["hull"]), ref=read.text(row.get("name")),
        outcome=WORDS.get(row.get("state"), Outcome.UNKNOWN), raw_outcome=read.text(row.get("state")),
        started_at=None, finished_at=read.when(row["at"]),
        updated_at=read.when(row["at"]), traits={"environment": dock},
    ),))
""",
    "__init__.py": """
from metrics.events import Asked, Found, Guide, Page, Scope

from .client import Client
from .parse import derived, observed


class ShipyardProvider:
    title = "Shipyard"
    feeds = "Launches"
    streams = ("launches",)
    asks = ()
    serial = True
    windows = False
    guide = Guide(
        address="https://shipyard.example.org", address_help="The address of your yard.", token="Harbour pass",
        token_where="At the gate", scopes=(Scope(name="launches: read", for_what="Deployments"),), chooses="docks",
        rules=("environment",), default_rules={"production": [{"environment": "sea"}], "services": []},
    )

    def __init__(self, connection):
        self.settings = connection.settings
        self.client = Client(connection)

    def check(self):
        docks = tuple(self.client.docks())
        return Found(f"The yard has {len(docks)} docks.", can=("launches",), choices=docks)

    def search(self, words):
        return Found("", choices=tuple(dock for dock in self.client.docks() if words in dock))

    def fetch(self, stream, cursor, *, now, tell):
        run = cursor.get("run") or {"page": 1, "read": 0}
        rows = self.client.launches(cursor.get("since", ""), run["page"])
        chosen = self.settings.get("docks")
        seen = tuple(observed(row) for row in rows if not chosen or row["dock"] in chosen)
        if not rows:
            return Page(cursor={}, done=True, read=run["read"])
        run = {"page": run["page"] + 1, "read": run["read"] + len(rows)}
        return Page(observations=seen, cursor={**cursor, "run": run}, done=False, read=run["read"], doing="launches")

    def ask(self, kind, ids, *, now):
        return Asked()

    @staticmethod
    def derive(kind, told, *, now):
        return derived(told)

    def close(self):
        self.client.door.close()
""",
}


class Yard(FakeServer):
    """Two launches a page."""

    def __init__(self) -> None:
        super().__init__()
        self.launches: list[dict[str, Any]] = []

    def launch(self, at: datetime, **said: Any) -> None:
        row = {"id": len(self.launches), "at": at.isoformat(), "ship": "ferry", "dock": "sea", "state": "afloat"}
        self.launches.append(row | {"hull": f"hull-{len(self.launches)}", "name": f"v{len(self.launches)}"} | said)

    def reply(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(body={"message": "no pass"}, status=401)
        if request.path == "/docks":
            return Reply(body=["sea", "pond", "lake"])
        first = 2 * (int(request.query["page"]) - 1)
        return Reply(body=self.launches[first : first + 2])


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Yard]:
    """The folder, the line and the vendor's server."""
    (tmp_path / NAME).mkdir()
    for file, words in FOLDER.items():
        (tmp_path / NAME / file).write_text(words)
    monkeypatch.syspath_prepend(tmp_path)
    settings.PROVIDERS = settings.PROVIDERS | {NAME: f"{NAME}.ShipyardProvider"}
    settings.SOURCE_INSECURE_HOSTS = ["127.0.0.1"]
    cache.clear()
    with Yard() as running:
        yield running


def text(answer: Any) -> str:
    page = " ".join(answer.content.decode().replace("\xa0", " ").replace("&#x27;", "'").split())
    assert TOKEN not in page, "a token came back to the browser"
    return page


def test_nothing_of_ours_knows_this_provider() -> None:
    root = Path(__file__).parents[2]
    told = subprocess.run(  # noqa: S603
        ["git", "grep", "-il", NAME, "--", "*.py", "*.html", "*.css", "*.js"],  # noqa: S607
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.stdout.split() in ([], ["tests/metrics/test_toy_provider.py"])


@pytest.mark.django_db
def test_a_folder_and_a_line_are_a_provider(yard: Yard, browser: Client, organisation: Organisation) -> None:
    zone = timezone.get_default_timezone()
    week = Week.of(timezone.now(), zone).previous()
    monday = week.bounds(zone)[0].astimezone(UTC)
    for hours in (10, 30, 50):
        yard.launch(monday + timedelta(hours=hours))
    yard.launch(monday + timedelta(hours=60), state="sunk")
    yard.launch(monday + timedelta(hours=70), dock="lake")
    yard.launch(monday + timedelta(hours=80), hull="")
    start = f"/sources/squad-a/connect/{NAME}/"

    # it is offered, and asked for what it needs
    assert start in text(browser.get("/sources/squad-a/connect/"))
    page = text(browser.get(start))
    assert all(word in page for word in ("Shipyard", "Harbour pass", "At the gate", "launches: read"))
    refused = browser.post(start, {"address": yard.url, "secret": "a wrong pass 0123456789"})
    assert refused.status_code == 422
    assert not Source.objects.exists()

    # it is tried, its docks are chosen, and it is connected
    assert browser.post(start, {"address": yard.url, "secret": TOKEN})["Location"] == f"{start}choose/"
    assert "The yard has 3 docks." in text(browser.get(f"{start}choose/"))
    answer = {"every": "some", "chosen": ["sea"], "name": "Yard", "owner": organisation.squad_a.pk, "window": "30"}
    begun = browser.post(f"{start}choose/", answer)
    source = Source.objects.get()
    assert begun["Location"] == f"/source/{source.pk}/begin/"

    # a worker reads it, page by page
    [stream] = source.streams.all()
    while streams.read(stream.pk, "a worker"):
        pass
    rollups.rebuild(now=timezone.now())
    assert len(yard.asked("/launches")) == 4

    # its rows are on every page
    assert "counts as production" in text(browser.get(begun["Location"]))
    assert "1 dock" in text(browser.get("/sources/squad-a/"))
    assert "Yard" in text(browser.get(f"/source/{source.pk}/"))
    measured = browser.get(f"/metrics/squad-a/deployment-frequency/?week={week.label}")
    rows = [line["row"] for line in measured.context["behind"]["lines"]]
    assert [(row.title, row.service) for row in rows] == [("v2", "ferry"), ("v1", "ferry"), ("v0", "ferry")]

    # what it could not understand waits for a person
    assert "A launch without a hull." in text(browser.get(f"/source/{source.pk}/unread/"))
    assert "hull" in text(browser.get(f"/source/{source.pk}/unread/thing/{Puzzle.objects.get().pk}/"))

    # and its rules are edited like anybody's
    sheet = {"production-own": "1", "production-0-0-trait": "environment", "production-0-0-pattern": "pond"}
    previewed = browser.post(f"/source/{source.pk}/rules/", sheet | {"act": "preview"})
    assert "Counts no longer" in text(previewed)
    assert previewed.context["preview"].changed == 4
    assert browser.post(f"/source/{source.pk}/rules/", sheet | {"act": "save"}).status_code == 302
    for one in source.streams.all():
        while streams.read(one.pk, "a worker"):
            pass
    assert not Deployment.objects.filter(production=True, superseded_at=None).exists()
