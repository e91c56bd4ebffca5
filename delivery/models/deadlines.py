"""Outside dates with their penalties, and the days on which nobody works."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from teams.models import Team, User

from .promises import Commitment


class Deadline(models.Model):
    """A date from outside by which a milestone must be reached."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="deadlines")
    name = models.CharField(max_length=120)
    date = models.DateField()
    milestone = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="deadlines")
    currency = models.CharField(max_length=3, blank=True)
    cap = models.BigIntegerField(null=True, blank=True)  # cents, over all windows
    about = models.CharField(max_length=300, blank=True)
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["date", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None) | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="deadline_closed_at_and_by_together",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PenaltyWindow(models.Model):
    """What being late costs between two days (both included; `to_date` None: without an end)."""

    class Kind(models.TextChoices):
        FIXED = "fixed", "Once"
        DAY = "day", "A day"
        WEEK = "week", "A started week"

    deadline = models.ForeignKey(Deadline, on_delete=models.CASCADE, related_name="windows")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    kind = models.CharField(max_length=10)
    amount = models.BigIntegerField()  # cents
    cap = models.BigIntegerField(null=True, blank=True)  # cents

    class Meta:
        ordering = ["from_date"]
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date=None) | Q(to_date__gte=F("from_date")), name="window_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=Q(amount__gte=0), name="window_costs_nothing_or_more"),
        ]

    def __str__(self) -> str:
        return f"{self.deadline} from {self.from_date}"


class Holiday(models.Model):
    """A day off for a team and everything below it."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="holidays")
    day = models.DateField()
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["team", "day"], name="holiday_once_for_a_team")]

    def __str__(self) -> str:
        return f"{self.name or 'Day off'}, {self.day}"
