"""How long the pages take through Django's client, without a browser, at two sizes of an organisation."""

from __future__ import annotations

from django.db import connection
from django.test import Client
from django.utils import timezone

from metrics import actions, rollups
from metrics.models import Change, Deployment, ServiceWeek
from teams.models import Team, User

from .pulls import pull
from .table import Table, median, p95, seconds, short

REQUESTS = 25
PAGES = (
    ("This week", "/week/{team}/"),
    ("Needs you", "/week/{team}/needs/"),
    ("Scorecard", "/scorecard/{team}/"),
    ("Metrics", "/metrics/{team}/"),
    ("Metrics, 52 weeks", "/metrics/{team}/lead-time/?weeks=52"),
    ("Sources", "/sources/{team}/"),
)
MORE_GROUPS, SQUADS_A_GROUP = 6, 12


def measure(table: Table, root: Team, director: User) -> None:
    """The sample organisation, then one of some seventy squads with a year behind each."""
    _measure(table, root, director)
    _enlarge(table, root, director)
    _measure(table, root, director)


def _measure(table: Table, root: Team, director: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    facts = f"{Deployment.objects.count():,} deployments, {Change.objects.count():,} changes"
    table.add(f"Pages of {Team.objects.count()} teams", "", facts)
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


def _enlarge(table: Table, root: Team, by: User) -> None:
    made: list[Team] = []
    for number in range(MORE_GROUPS):
        group = Team.objects.create(name=f"Group {number}", slug=f"group-{number}", kind=Team.Kind.GROUP, parent=root)
        squads = []
        for n in range(SQUADS_A_GROUP):
            name, slug = f"Squad {number}.{n}", f"squad-{number}-{n}"
            squads.append(Team.objects.create(name=name, slug=slug, kind=Team.Kind.SQUAD, parent=group))
        made += squads
        character = {"rate": 0.7, "lead": 30, "failing": 0.1, "restore": 3.0, "queue": 5}
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
    counted = seconds(lambda: rollups.rebuild(now=timezone.now()))
    table.add(
        f"First count of {ServiceWeek.objects.filter(service__team__in=made).count():,} service weeks", short(counted)
    )
