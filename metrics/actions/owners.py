"""Whose service it is: handed over from a day on, with everything that happened since."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.db.models.functions import Coalesce
from django.utils import timezone

from metrics import attribution, observed
from metrics.models import Service, ServiceOwner
from metrics.owners import Said, owner_on, stints
from teams.models import Team, User
from teams.templatetags import ui

from .facts import count_again
from .refused import Refused


@transaction.atomic
def hand_over(*, service: Service, team: Team, since: date | None, by: User, seen: int | None = None) -> ServiceOwner:
    """From the day `since` on `service` is of `team`, whatever was said before; None: it always was.

    What happened since goes to `team` with its sums, in one statement; the weeks are counted again within seconds.
    `seen` is the id of the newest saying that the person saw. Raises Refused.
    """
    observed.lock(service.source)  # facts that are being written wait, or are there
    held = Service.objects.select_for_update().get(pk=service.pk)
    rows = list(ServiceOwner.objects.filter(service=held).order_by("pk").select_related("team"))
    if seen is not None and rows[-1].pk != seen:
        raise Refused(f"{held} went to {rows[-1].team} meanwhile. Look at its history, then choose again.", "team")
    if team.closed_at is not None:
        raise Refused(f"{team} is closed. Choose a squad that is open.", "team")
    if team.kind in (Team.Kind.VENDOR, Team.Kind.GROUP):
        what = "a vendor" if team.kind == Team.Kind.VENDOR else "a group of teams"
        raise Refused(f"{team} is {what}. A service belongs to one of our squads.", "team")
    said = [Said(one.team, one.since) for one in rows]
    _check_day(held, team, since, said)
    made = ServiceOwner.objects.create(service=held, team=team, since=since, by=by, by_name=str(by)[:200])
    Service.objects.filter(pk=held.pk).update(team=team)
    attribution.attribute(held.pk)
    transaction.on_commit(count_again)
    return made


def _check_day(service: Service, team: Team, since: date | None, said: list[Said[Team]]) -> None:
    """Raises Refused for a day that cannot be, or from which on nothing would change."""
    today = timezone.now().astimezone(settings.ORGANISATION_ZONE).date()
    if since is None:
        if [one.team for one in stints(said)] == [team]:
            raise Refused(f"{service} always was of {team}.", "team")
        return
    if since > today:
        raise Refused("That day has not come. Hand it over on the day, or say since when it is theirs.", "since")
    first = first_day(service)
    if first is not None and since < first:
        advice = f"Choose that day or a later one, or say that it always was of {team}."
        raise Refused(f"Nothing is known of {service} before {ui.day(first)}. {advice}", "since")
    if owner_on(said, since) == team:
        own = next(one for one in reversed(stints(said)) if one.since is None or one.since <= since)
        if own is stints(said)[-1]:
            when = f" since {ui.day(own.since)}" if own.since else ""
            raise Refused(f"{service} is of {team} already{when}.", "team")
        later = next(one for one in stints(said) if one.since and one.since > since)
        advice = f"To take it back, choose the day on which {later.team} got it, {ui.day(later.since)}."
        raise Refused(f"On {ui.day(since)} it was of {team} anyway. {advice}", "since")


def first_day(service: Service) -> date | None:
    """The day of the first fact of `service`; None while there is none. Three queries."""
    moments = [
        service.deployments.aggregate(at=Min(Coalesce("finished_at", "started_at")))["at"],
        service.runs.aggregate(at=Min(Coalesce("finished_at", "started_at", "queued_at")))["at"],
        service.incidents.aggregate(at=Min("started_at"))["at"],
    ]
    known = [at for at in moments if at is not None]
    return min(known).astimezone(settings.ORGANISATION_ZONE).date() if known else None
