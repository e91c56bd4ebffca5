"""How long it takes to read repositories, to count weeks again, and to tie changes to deployments."""

from __future__ import annotations

from pathlib import Path

from django.db import connection
from django.utils import timezone

from metrics import actions, derive, linking, rollups, streams
from metrics.models import DeployedChange, Deployment, DirtyWeek, ServiceWeek, Source, Stream
from teams.models import Team
from tests.metrics.repository import Repository, large

from .table import Table, median, seconds, short, times


def measure(table: Table, folder: Path, root: Team) -> None:
    _linking(table)
    for commits, runs in ((5_000, 3), (50_000, 1)):
        _repository(table, large(folder / f"repository-{commits}", commits=commits, every=commits // 500), runs, root)


def _repository(table: Table, repository: Repository, runs: int, root: Team) -> None:
    """Read it afresh `runs` times, then again with nothing new, then with a little new."""
    name = repository.path.name
    sources = [_connect(root, repository, f"{name}, {run}") for run in range(runs)]
    took = [seconds(lambda source=source: pull(source)) for source in sources]
    first, rows = sources[0], _rows(sources[0])
    how = f"median of {runs}, {rows:,} rows" if runs > 1 else f"{rows:,} rows"
    table.add(f"Pull of {name}, 500 tags", short(median(took)), how)
    table.add("  rows a second", f"{rows / median(took):,.0f}", "changes, deployments, their ties")
    table.add("  second pull, nothing new", short(median(times(lambda: pull(first), 5))), "median of 5")
    counted = seconds(lambda: rollups.rebuild(now=timezone.now()))
    weeks = ServiceWeek.objects.filter(service__source__in=sources).count()
    table.add(f"  first count of its {weeks} weeks", short(counted))
    repository.git("checkout", "-q", "main")
    for _ in range(50):
        repository.commit()
    repository.tag("v9")
    table.add("  third pull, 50 commits and a tag new", short(seconds(lambda: pull(first))))


def _linking(table: Table) -> None:
    parents: dict[str, tuple[str, ...]] = {}
    before: tuple[str, ...] = ()
    for number in range(50_000):
        parents[f"{number:040x}"] = before
        before = (f"{number:040x}",)
    deployments = [(f"v{number}", f"{number * 100 - 1:040x}") for number in range(1, 501)]
    took = times(lambda: linking.carried(parents, deployments), 5)
    table.add("linking.carried, 50,000 commits × 500 deployments", short(median(took)), "median of 5, pure")


def rebuild(table: Table) -> None:
    """Count 500 service weeks again, those that hold the most."""
    weeks = list(
        Deployment.objects.filter(superseded_at=None, finished_at__isnull=False)
        .order_by("service", "finished_at")
        .values_list("service", "finished_at")
    )
    seen: dict[tuple[int, str], tuple[int, object]] = {}
    for service, at in weeks:
        seen.setdefault((service, f"{at:%G-%V}"), (service, at))
    chosen = list(seen.values())[:500]

    def once() -> None:
        derive.mark(chosen)  # type: ignore[arg-type]
        rollups.rebuild(now=timezone.now())

    once()
    table.add(f"Roll-up of {len(chosen)} service weeks", short(median(times(once, 5))), "median of 5")
    assert not DirtyWeek.objects.exists()


def _connect(root: Team, repository: Repository, name: str) -> Source:
    return actions.connect_source(team=root, provider="git", name=name, address=str(repository.path), by=None)


def pull(source: Source) -> None:
    """Read `source` to its end, in this process."""
    Stream.objects.filter(source=source).update(due_at=timezone.now(), woken_at=None)
    for stream in source.streams.all():
        while streams.read(stream.pk, "bench", seconds=600):
            pass
        stream.refresh_from_db()
        assert not stream.error, stream.error
        assert stream.succeeded_at


def _rows(source: Source) -> int:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    tied = DeployedChange.objects.filter(deployment__source=source).count()
    return source.changes.count() + source.deployments.count() + tied
