"""What a person says about facts: which deployment an incident is put down to."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from metrics import derive, observed
from metrics.linking import How
from metrics.models import Deployment, Incident, IncidentLink
from teams.models import User

from .refused import Refused


@transaction.atomic
def correct_incident(*, incident: Incident, deployment: Deployment | None, reason: str, by: User) -> IncidentLink:
    """Put `incident` down to `deployment`, or to none. Kept, and it wins over what we work out ourselves."""
    if deployment is not None and deployment.service_id != incident.service_id:
        raise Refused("That deployment is of another service. Choose one of the incident's own.", "deployment")
    if not reason.strip():
        raise Refused("Say in a few words why.", "reason")
    observed.lock(incident.source)  # nobody links the incident meanwhile
    link, _ = IncidentLink.objects.update_or_create(
        incident=incident,
        defaults={
            "deployment": deployment, "how": How.PERSON, "reason": reason.strip()[:300],
            "corrected_at": timezone.now(), "corrected_by": by,
        },
    )  # fmt: skip
    derive.mark_links([incident.service_id])
    if incident.resolved_at:
        derive.mark([(incident.service_id, incident.resolved_at)])
    transaction.on_commit(count_again)
    return link


def count_again() -> None:
    """Have a worker count the marked weeks."""
    from metrics.tasks import rebuild_dirty_weeks, send_quietly

    send_quietly(rebuild_dirty_weeks)
