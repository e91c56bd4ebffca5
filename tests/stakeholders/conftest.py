"""It is Wednesday of week 48. Two squads of one platform, with a year behind them where a test asks for it."""

from __future__ import annotations

from datetime import datetime

import pytest

from metrics.models import Source
from teams.models import Team

from .weeks import HOUR, NOW, TUESDAY, WEEK, a_service, a_source, a_team, broke, some_weeks, told


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return NOW


@pytest.fixture
def platform() -> Team:
    return a_team("Integration Platform", kind=Team.Kind.GROUP)


@pytest.fixture
def squad_a(platform: Team) -> Team:
    return a_team("Squad A", platform)


@pytest.fixture
def squad_b(platform: Team) -> Team:
    return a_team("Squad B", platform)


@pytest.fixture
def two_squads(platform: Team, squad_a: Team, squad_b: Team) -> Source:
    """Each squad deploys six times a week for fourteen weeks; one source tells of the incidents of both."""
    pager = a_source(platform, "PagerDuty")
    for squad in (squad_a, squad_b):
        source = a_source(squad, f"Git of {squad.name}")
        a_service(source, squad)
        a_service(pager, squad, squad.name)
        told(source, some_weeks(14, 6))
    told(pager, *(broke(f"old-{back}", TUESDAY - back * WEEK, HOUR, service="Squad B") for back in range(1, 9)))
    return pager
