"""What leaders did with a week: items put off or handed on, weeks marked as reviewed; and weeks as they were shown.

All rows are appended and stay, so that a past week can be opened as it was known then.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from delivery.models.kept import append_only
from teams.models import Person, Team, User


class QueueMove(models.Model):
    """Somebody put an item of the queue off until a day, took it back, or handed it on. The newest row counts."""

    class Kind(models.TextChoices):
        SNOOZED = "snoozed", "Snoozed"
        WOKEN = "woken", "Back in the queue"
        PASSED = "passed", "Passed on"

    item = models.CharField(max_length=60)  # "options-12": what it is about, and its number
    title = models.CharField(max_length=300)  # as it was shown
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="queue_moves")
    kind = models.CharField(max_length=20)
    until = models.DateField(null=True, blank=True)
    to = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["item", "-id"], name="queue_move_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="snoozed", until__isnull=False, to=None)
                | Q(kind="woken", until=None, to=None)
                | Q(kind="passed", until=None, to__isnull=False),
                name="queue_move_says_until_when_or_to_whom",
            )
        ]
        triggers = append_only("queue_move")

    def __str__(self) -> str:
        return f"{self.title}: {self.kind}"


class Review(models.Model):
    """Somebody has read a week: what was known then is what the next page compares with."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="reviews")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField()
    known = models.JSONField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["team", "by", "-id"], name="review_newest")]
        triggers = append_only("review")

    def __str__(self) -> str:
        return f"{self.team} reviewed by {self.by_name}"


class KeptWeek(models.Model):
    """A week of a team as its page showed it when the week had ended."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="kept_weeks")
    monday = models.DateField()
    at = models.DateTimeField()
    known = models.JSONField()
    figures = models.JSONField(default=dict)  # measure → the figure that was shown

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["team", "monday"], name="week_kept_once")]
        triggers = append_only("kept_week")

    def __str__(self) -> str:
        return f"{self.team}, week of {self.monday}"
