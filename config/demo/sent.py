"""To whom the sample reports went: every Monday by mail to those who read them, one address that refused, one link.

Rows of the past, written as they would have come about; nothing is sent for them.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.conf import settings

from metrics.periods import local_day
from stakeholders.models import Bounce, Delivery, LinkDay, Report, ReportStep, Schedule
from stakeholders.reports.kept import Kept
from stakeholders.reports.sending import schedules, sharing
from teams.models import Person, Team, User

READERS = ("Robert Achebe", "Priya Raman")
REFUSED = 3  # how many reports ago an address had a typing error
OPENINGS = (4, 2, 1)  # of the link, on the days after it was made


def load(team: Team, by: User, now: datetime) -> None:
    people = list(Person.objects.filter(name__in=READERS, is_sample=True).order_by("name"))
    sent = list(Report.objects.filter(team=team, steps__step=ReportStep.Step.SENT).order_by("-pk"))
    if not people or not sent:
        return
    terms = schedules.Terms(audience="finance", way="email", weekday=1, at_time=time(8), people=people)
    schedule = schedules.make(team=team, terms=terms, by=by, at=now)
    for back, report in enumerate(reversed(sent)):
        for person in people:
            _mailed(schedule, report, person, refused=back == len(sent) - REFUSED and person == people[0])
    _shared(sent[0], by, now)


def _mailed(schedule: Schedule, report: Report, person: Person, *, refused: bool) -> None:
    step = ReportStep.objects.get(report=report, step=ReportStep.Step.SENT)
    name, _, domain = person.email.partition("@")
    to = f"{name.replace('.', '')}@{domain}" if refused else person.email
    reason = "The mail server refused this address (550 5.1.1 no such user)."
    row = Delivery.objects.create(
        report=report, schedule=schedule, audience="finance", way=Schedule.Way.EMAIL, person=person, to=to,
        state=Delivery.State.REFUSED if refused else Delivery.State.SENT, attempts=1, error=reason if refused else "",
        content_hash=Kept(report).hash, created_at=step.at, done_at=step.at + timedelta(seconds=4),
        by_name=f"Schedule of {schedule.created_by}",
    )  # fmt: skip
    if refused:
        Bounce.objects.create(address=to, reason=reason, delivery=row, at=step.at)


def _shared(report: Report, by: User, now: datetime) -> None:
    made = report.created_at + timedelta(hours=2)
    link = sharing.share(report=report, audience="finance", by=by, label="Members of the board", at=made).row
    today = local_day(now, settings.ORGANISATION_ZONE)
    for after, count in enumerate(OPENINGS):
        day = local_day(made, settings.ORGANISATION_ZONE) + timedelta(days=after)
        if day <= today:
            LinkDay.objects.create(link=link, day=day, openings=count, last_at=made + timedelta(days=after))
