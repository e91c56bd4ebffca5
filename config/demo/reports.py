"""Sample reports: what the director sent in the weeks before, and the draft of this one.

Told after the sample sources were read, for reports say what was measured; through the same verbs as by a person.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from metrics.models import DirtyWeek, Stream
from metrics.periods import week_in_review
from stakeholders.models import Report
from stakeholders.reports import actions
from stakeholders.reports.kept import Kept
from teams.models import Team, User

from . import sent

WEEKS = 10
EDITED = {  # weeks back → what the director wrote herself, and where
    2: ("people", "Every senior engineer of a year ago is still with us."),
    4: ("reading", "Dates have even odds unless they say 85% sure. Ask me for the workings behind any of them."),
}


def is_measured() -> bool:
    """Whether the sample sources were read and counted."""
    unread = Stream.objects.filter(source__is_sample=True, source__paused_at=None, succeeded_at=None)
    return not unread.exists() and not DirtyWeek.objects.exists()


def load() -> bool:
    """Tell them unless they are there; True when they were told."""
    team = Team.objects.filter(slug="integration-platform", is_sample=True).first()
    by = User.objects.filter(person__name="Maya Lindqvist", is_sample=True).first()
    if team is None or by is None or Report.objects.exists():
        return False
    now = timezone.now()
    current = week_in_review(now, settings.ORGANISATION_ZONE)
    with transaction.atomic():
        for back in range(WEEKS, 0, -1):
            week = current.shift(-back)
            row, _ = actions.draft(team=team, week=week, now=now, by=by, at=_monday(week.monday, 8))
            if back in EDITED:
                key, words = EDITED[back]
                actions.write(report=row, key=key, words=words, by=by, at=_monday(week.monday, 8, 20))
            seen = Kept(Report.objects.get(pk=row.pk)).hash
            actions.review(report=row, seen=seen, by=by, at=_monday(week.monday, 8, 40))
            actions.send(report=row, by=by, at=_monday(week.monday, 9))
        actions.draft(team=team, week=current, now=now, by=by)
        sent.load(team, by, now)
    return True


def _monday(monday: date, hour: int, minute: int = 0) -> datetime:
    """In the morning after the week."""
    return datetime.combine(monday + timedelta(days=7), time(hour, minute), UTC)
