"""How long the pages take through Django's client, by themselves and without a browser, at two sizes of an organisation."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.utils import timezone

from metrics import actions, rollups
from metrics.models import Change, Deployment
from teams.models import Team, User

from .pulls import pull
from .table import Table, median, p95, seconds, short

REQUESTS = 25
PAGES = (
    ("This week", "/week/{team}/"),
    ("Metrics", "/metrics/{team}/"),
    ("Metrics, 52 weeks", "/metrics/{team}/lead-time/?span=52"),
    ("Sources", "/sources/{team}/"),
)
MORE_GROUPS, SQUADS_A_GROUP = 12, 5


def measure(table: Table, root: Team, director: User) -> None:
    """The sample organisation, then one of some seventy squads with a year behind each."""
    _measure(table, root, director)
    _enlarge(root, director)
    _measure(table, root, director)


def _measure(table: Table, root: Team, director: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    sizes = (
        f"{Team.objects.count()} teams, {Deployment.objects.count():,} deployments, {Change.objects.count():,} changes"
    )
    table.add("Pages at", sizes)
    browser = Client()
    browser.force_login(director)
    for name, address in PAGES:
        path = address.format(team=root.slug)
        answer = browser.get(path, follow=True)
        if answer.status_code != 200:
            table.add(f"  {name}", "–", f"{path} answers {answer.status_code}")
            continue
        path = answer.redirect_chain[-1][0] if answer.redirect_chain else path
        took = [seconds(lambda path=path: browser.get(path)) for _ in range(REQUESTS)]
        size = f"{len(answer.content) / 1024:,.0f} KiB"
        table.add(f"  {name}", short(median(took)), f"p95 {short(p95(took))}, {size}, {REQUESTS} requests")


def _enlarge(root: Team, by: User) -> None:
    for number in range(MORE_GROUPS):
        group = Team.objects.create(name=f"Group {number}", slug=f"group-{number}", kind=Team.Kind.GROUP, parent=root)
        squads = [
            Team.objects.create(
                name=f"Squad {number}.{n}", slug=f"squad-{number}-{n}", kind=Team.Kind.SQUAD, parent=group
            )
            for n in range(SQUADS_A_GROUP)
        ]
        character = {"rate": 2.0, "lead": 30, "failing": 0.1, "restore": 3.0, "queue": 5}
        source = actions.connect_source(
            team=group,
            provider="sample",
            name=f"Pipeline {number}",
            by=by,
            settings={
                "seed": 100 + number,
                "services": {squad.slug: character for squad in squads},
                "owners": {squad.slug: squad.pk for squad in squads},
            },
        )
        pull(source)
    rollups.rebuild(now=timezone.now() + timedelta(0))
