"""Facts counted by week, and which weeks are to be counted again."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from teams.models import Team

from .sources import Service


class ServiceWeek(models.Model):
    """One service of one owner in one ISO week of the organisation's zone, so that any group can be pooled exactly.

    A week in which the service was handed over has a row for each owner. Times are kept as arrays of seconds and days
    as arrays of dates: a group's median is the median of all its rows, never an average of medians.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="weeks")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")  # the owner of the service then
    monday = models.DateField()
    zone = models.CharField(max_length=60)
    deployments = models.PositiveIntegerField(default=0)
    deploy_days = ArrayField(models.DateField(), default=list)
    failed_attempts = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    rework = models.PositiveIntegerField(default=0)
    lead_seconds = ArrayField(models.FloatField(), default=list)
    left_out = models.PositiveIntegerField(default=0)
    restore_seconds = ArrayField(models.FloatField(), default=list)
    recovery_seconds = ArrayField(models.FloatField(), default=list)
    built_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "team", "monday"], name="service_week_once")]
        indexes = [models.Index(fields=["team", "monday"], name="service_week_of_team")]

    def __str__(self) -> str:
        return f"{self.service_id} in the week of {self.monday}"


class DirtyWeek(models.Model):
    """A moment of a service at which a fact changed: the week around it is to be counted again.

    Marks are appended and taken, never updated, so that a mark made while a week is being counted is not lost.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.service_id} at {self.at:%Y-%m-%d}"


class DirtyLinks(models.Model):
    """A service of which a fact changed: what belongs to each of its deployments is to be worked out again.

    That is the changes it carried, the incidents put down to it, and what shows it to have been bad. Appended and
    taken like `DirtyWeek`.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"links of {self.service_id}"
