"""Reports on the facts of the story, made without gathering: a draft, or one that was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from django.utils import timezone

from stakeholders.models import Report, ReportStep
from stakeholders.reports import facts as based
from stakeholders.reports.kept import Kept
from teams.models import Team, User

from .story import story


def report(team: Team, by: User, *, sent: bool = True, monday: date | None = None) -> Report:
    facts = based.read(replace(story(), team=team.name, team_slug=team.slug).as_json())
    facts = replace(facts, week=monday) if monday else facts
    now = timezone.now()
    before = Report.objects.filter(team=team, monday=facts.week).order_by("-pk").first()
    made = Report.objects.create(
        team=team, monday=facts.week, facts=facts.as_json(), facts_hash=facts.digest, as_of=facts.as_of,
        supersedes=before, created_at=now, created_by=by, created_by_name=str(by),
    )  # fmt: skip
    for step in ("draft", *(("reviewed", "sent") if sent else ())):
        content = Kept(made).hash
        ReportStep.objects.create(report=made, step=step, content_hash=content, at=now, by=by, by_name=str(by))
    return made
