"""Fields that the registers share: chances, and commitments of a scope."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from delivery import shown
from delivery.models import Commitment
from teams import access
from teams.models import Person, Team, User

MOST_CHOICES = 200


class ChanceField(forms.IntegerField):
    """A chance in whole percent; 0–1 inside. None when empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        return round(value * 100) if isinstance(value, float) else value

    def clean(self, value: Any) -> float | None:
        said = super().clean(value)
        return None if said is None else said / 100


class CommitmentsField(forms.ModelMultipleChoiceField):
    """Promises to choose among, each with its team."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Commitment.objects.none(), widget=forms.CheckboxSelectMultiple, **options)

    def label_from_instance(self, row: Commitment) -> str:
        return f"{row.code} {row.title} · {row.team.name}"


def offered(user: User, scope: Team, chosen: QuerySet[Commitment] | None = None) -> QuerySet[Commitment]:
    """Open commitments of the scope, and those chosen already whatever became of them."""
    open_ids = shown.visible(user).open().filter(team__in=access.below(user, scope)).order_by("first_promised_on", "pk")
    ids = list(open_ids.values_list("pk", flat=True)[:MOST_CHOICES])
    kept = list(chosen.values_list("pk", flat=True)) if chosen is not None else []
    return Commitment.objects.filter(pk__in=[*ids, *kept]).select_related("team").order_by("first_promised_on", "pk")


def people(user: User, scope: Team, *, chosen: int | None = None, signing_in: bool = False) -> QuerySet[Person]:
    """People of the scope and with a role over it; `signing_in`: only those with a log-in."""
    above = [team.pk for team in Team.objects.ancestors(scope)]
    here = access.below(user, scope)
    near = Q(memberships__team__in=here) | Q(grants__team__in=here) | Q(grants__team__in=above)
    rows = Person.objects.filter(pk__in=access.people(user).filter(near).values("pk"))
    holders = Person.objects.filter(grants__team__in=above, grants__revoked_at=None)
    found = Person.objects.filter(Q(pk__in=rows.values("pk")) | Q(pk__in=holders.values("pk")) | Q(pk=chosen or 0))
    return found.filter(user__is_active=True) if signing_in else found
