"""Planning intervals: their iterations, the capacity of each team, and the promises as they were when it was frozen."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from teams.models import Team, User

from .kept import append_only


class PlanningInterval(models.Model):
    """A stretch of weeks that a group of teams plans together (SAFe's PI). Both days are included."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="intervals")
    name = models.CharField(max_length=80)
    starts_on = models.DateField()
    ends_on = models.DateField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-starts_on", "name"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="interval_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(frozen_at=None, frozen_by=None) | Q(frozen_at__isnull=False, frozen_by__isnull=False),
                name="interval_frozen_at_and_by_together",
            ),
            ExclusionConstraint(
                name="interval_one_at_a_time",
                expressions=[
                    (Func(F("team"), F("team"), template="int8range(%(expressions)s, '[]')"), "&&"),
                    (
                        Func(
                            "starts_on",
                            "ends_on",
                            RangeBoundary(inclusive_lower=True, inclusive_upper=True),
                            function="daterange",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Iteration(models.Model):
    """A sprint of an interval. Both days are included."""

    interval = models.ForeignKey(PlanningInterval, on_delete=models.CASCADE, related_name="iterations")
    name = models.CharField(max_length=80)
    starts_on = models.DateField()
    ends_on = models.DateField()

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="iteration_ends_after_it_starts"),
            models.UniqueConstraint(fields=["interval", "starts_on"], name="iteration_starts_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Capacity(models.Model):
    """How many working days of effort a team has for promises in an interval."""

    interval = models.ForeignKey(PlanningInterval, on_delete=models.CASCADE, related_name="capacities")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="capacities")
    days = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["interval", "team"], name="capacity_once_for_a_team")]

    def __str__(self) -> str:
        return f"{self.team}: {self.days} days in {self.interval}"


class FrozenPromise(models.Model):
    """A promise and its odds at the moment its interval was frozen, so that overpromising can be seen afterwards."""

    interval = models.ForeignKey(PlanningInterval, on_delete=models.PROTECT, related_name="frozen")
    commitment = models.ForeignKey("delivery.Commitment", on_delete=models.PROTECT, related_name="frozen")
    promised_on = models.DateField()
    chance = models.FloatField(null=True)  # 0–1; None: there was no forecast
    sure_days = models.PositiveIntegerField(null=True)  # 85 %-sure effort in working days
    planned_value = models.PositiveSmallIntegerField(null=True)
    is_stretch = models.BooleanField()
    kept_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["interval", "commitment"], name="promise_frozen_once")]
        triggers = append_only("frozen_promise")

    def __str__(self) -> str:
        return f"{self.commitment} in {self.interval}"
