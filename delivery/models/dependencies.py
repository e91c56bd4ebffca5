"""Dependencies as contracts between two commitments, and the events that made them what they are."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from teams.models import User

from .kept import append_only
from .promises import Commitment


class Dependency(models.Model):
    """`after` needs `before`. Its state and its agreed date come from its events."""

    class Kind(models.TextChoices):
        FS = "FS", "can start when it is finished"
        SS = "SS", "can start when it has started"
        FF = "FF", "can finish when it is finished"
        SF = "SF", "can finish when it has started"

    class Found(models.TextChoices):
        PLANNING = "planning", "Before planning"
        SPRINT = "sprint", "Before the sprint"
        MIDSPRINT = "midsprint", "Mid-sprint"

    before = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="needed_by")
    after = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="needs")
    kind = models.CharField(max_length=2, default=Kind.FS)
    lag = models.IntegerField(default=0)
    lag_in_calendar_days = models.BooleanField(default=False)
    what = models.CharField(max_length=300, blank=True)
    needed_by = models.DateField(null=True, blank=True)
    found = models.CharField(max_length=20, default=Found.PLANNING)
    found_on = models.DateField()
    external_source = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "dependencies"
        constraints = [
            models.CheckConstraint(condition=~Q(before=F("after")), name="dependency_joins_two"),
            models.UniqueConstraint(
                fields=["before", "after", "kind"], name="dependency_once", condition=Q(removed_at=None)
            ),
            models.CheckConstraint(
                condition=Q(removed_at=None, removed_by=None) | Q(removed_at__isnull=False, removed_by__isnull=False),
                name="dependency_removed_at_and_by_together",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.after} needs {self.before}"


class DependencyEvent(models.Model):
    """A step of a contract: requested, offered, counter-offered, agreed, met, broken."""

    class Step(models.TextChoices):
        REQUESTED = "requested", "Requested"
        OFFERED = "offered", "Offered"
        COUNTERED = "countered", "Counter-offered"
        AGREED = "agreed", "Agreed"
        MET = "met", "Met"
        BROKEN = "broken", "Broken"

    dependency = models.ForeignKey(Dependency, on_delete=models.PROTECT, related_name="events")
    step = models.CharField(max_length=20)
    on = models.DateField(null=True, blank=True)  # the date that is asked for, offered or agreed
    words = models.CharField(max_length=500, blank=True)
    evidence = models.CharField(max_length=500, blank=True)  # an address that shows it
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        triggers = append_only("dependency_event")

    def __str__(self) -> str:
        return f"{self.dependency}: {self.step}"
