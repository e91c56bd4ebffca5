"""`python -m tests.bench [promises|pages|reports|deliveries|pulls]`: how long things take here, all or some parts.

It leaves no server and no folder behind.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
import warnings

from config import embedded

from .table import Table, median, seconds, short

ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "DEBUG": "0",
    "SECRET_KEY": "for-the-bench-only-for-the-bench-only-for-the-bench-only",
    "ALLOWED_HOSTS": "testserver",
    "SECURE_SSL_REDIRECT": "0",
    "LOG_LEVEL": "WARNING",
    "PLUMBLINE_SOURCE_KEYS": "Zm9yLXRoZS10ZXN0cy1vbmx5LWZvci10aGUtdGVzdHM=",
    "PLUMBLINE_SEAL_KEY": "for-the-bench-only-for-the-bench-only-for-the-bench-only",
}
PARTS = {"promises", "pages", "reports", "deliveries", "pulls"}


def main() -> int:
    began = time.monotonic()
    table = Table()
    folder = embedded.home("bench")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        table.add("Machine", f"{os.cpu_count()} cores", f"{platform.machine()}, Python {platform.python_version()}")
        table.add("Load before", f"{os.getloadavg()[0]:.1f}", "above 0.5 the figures are worse than they need be")
        _starts(table)
        with embedded.running(folder) as servers:
            files = folder / "files"
            files.mkdir()
            os.environ.update(servers.environment() | ENVIRONMENT)
            os.environ |= {"PLUMBLINE_CLONES": str(files / "clones"), "PLUMBLINE_LOCAL_REPOSITORIES": str(files)}
            os.environ |= {"PLUMBLINE_CACHE": str(files / "cache")}
            _with_servers(table)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\nPlumbline's bench, {time.monotonic() - began:.0f} s\n")
    table.show()
    return 0


def _starts(table: Table) -> None:
    folder = embedded.home("bench")

    def start() -> float:
        context = embedded.running(folder)
        took = seconds(context.__enter__)
        context.__exit__(None, None, None)
        return took

    table.add("Embedded servers, first start", short(start()), "makes the cluster")
    table.add("Embedded servers, each later start", short(median([start() for _ in range(3)])), "median of 3")


def _with_servers(table: Table) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test.utils import override_settings

    table.add("Tables made", short(seconds(lambda: call_command("migrate", verbosity=0))), "all migrations")
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        PROVIDERS=settings.PROVIDERS
        | {"sample": "config.demo.provider.SampleProvider", "observing": "tests.observing.Observing"},
        STORAGES=settings.STORAGES | {"staticfiles": plain},  # nothing is collected
    ):
        _measures(table)


def _measures(table: Table) -> None:
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from config.demo import story
    from metrics import rollups
    from metrics.models import Source
    from teams.models import Team, User

    from . import deliveries, pages, promises, pulls, reports

    wanted = set(sys.argv[1:]) or PARTS
    if unknown := wanted - PARTS:
        sys.exit(f"There is no part {', '.join(sorted(unknown))}. The parts are {', '.join(sorted(PARTS))}.")
    warnings.filterwarnings("ignore", message="No directory at")  # nothing is collected
    if wanted & {"promises", "pages"}:
        story.load()
        root = Team.objects.get(slug="product-engineering")
        director = User.objects.get(email="maya.lindqvist@meridian.example")
        took = seconds(lambda: [pulls.pull(source) for source in Source.objects.all()])
        table.add("Sample organisation read", short(took), "a year of three pipelines")
        rollups.rebuild(now=timezone.now())
        if "promises" in wanted:
            promises.measure(table, Team.objects.get(slug="squad-a"), director)
        if "pages" in wanted:
            pages.measure(table, root, director)
            pulls.rebuild(table)
        call_command("drop_sample_accounts", verbosity=0)  # a web process beside them would not start
    if "reports" in wanted:
        reports.measure(table)
    shelf = Team.objects.create(name="Shelf", slug="shelf", kind=Team.Kind.SQUAD)  # beside the organisation
    if "deliveries" in wanted:
        deliveries.measure(table, settings.CLONES_DIR.parent, shelf)
    if "pulls" in wanted:
        pulls.measure(table, settings.CLONES_DIR.parent, shelf)


if __name__ == "__main__":
    sys.exit(main())
