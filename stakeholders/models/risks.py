"""Risks with what they would cost, and the moves that put each on its place of the ROAM board."""

from __future__ import annotations

import hashlib

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.urls import reverse

from delivery.models import Commitment
from delivery.models.kept import append_only
from teams.models import Person, Team, User


class RiskQuerySet(models.QuerySet["Risk"]):
    def with_state(self) -> RiskQuerySet:
        """Annotates `state` and `since`, from the newest event."""
        newest = RiskEvent.objects.filter(risk=OuterRef("pk")).order_by("-pk")
        return self.annotate(state=Subquery(newest.values("state")[:1]), since=Subquery(newest.values("at")[:1]))


EDITED = ("title", "about", "category", "owner", "chance", "low", "likely", "high", "currency", "days", "review_on")


class Risk(models.Model):
    """Something that may happen, how likely, and what it would cost. Its state comes from its events."""

    class Category(models.TextChoices):
        COMPLIANCE = "compliance", "Compliance"
        VENDOR = "vendor", "Vendor"
        PEOPLE = "people", "People"
        TECHNICAL = "technical", "Technical"
        SECURITY = "security", "Security"
        DELIVERY = "delivery", "Delivery"
        FINANCE = "finance", "Money"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="risks")
    title = models.CharField(max_length=200)
    about = models.TextField(max_length=2000, blank=True)
    category = models.CharField(max_length=20)
    owner = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="risks")
    chance = models.FloatField(null=True, blank=True)  # 0–1, that it happens at all; None: nobody has said
    low = models.BigIntegerField(null=True, blank=True)  # cents, if it happens
    likely = models.BigIntegerField(null=True, blank=True)  # cents; None: anything from low to high alike
    high = models.BigIntegerField(null=True, blank=True)  # cents
    currency = models.CharField(max_length=3, default="USD")
    days = models.PositiveIntegerField(null=True, blank=True)  # working days that it would take, if it happens
    review_on = models.DateField(null=True, blank=True)
    commitments = models.ManyToManyField(Commitment, blank=True, related_name="risks")
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    objects = RiskQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(chance=None) | Q(chance__range=(0, 1)), name="risk_chance_0_to_1"),
            models.CheckConstraint(
                condition=Q(low=None, high=None, likely=None)
                | Q(low__gte=0, low__lte=F("high")) & (Q(likely=None) | Q(likely__range=(F("low"), F("high")))),
                name="risk_low_likely_high",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("stakeholders:risk", args=[self.pk])

    @property
    def code(self) -> str:
        return f"R-{self.pk:03d}"

    @property
    def category_name(self) -> str:
        return self.Category(self.category).label if self.category in self.Category.values else self.category

    @property
    def edition(self) -> str:
        """What can be edited, as short marks in the order of EDITED: a form opened earlier shows what differs."""
        said = (str(getattr(self, f"{name}_id", getattr(self, name))) for name in EDITED)
        return "-".join(hashlib.sha256(one.encode()).hexdigest()[:6] for one in said)


class RiskEvent(models.Model):
    """A move on the board, with the words that justify it."""

    class State(models.TextChoices):
        OWNED = "owned", "Owned"
        ACCEPTED = "accepted", "Accepted"
        MITIGATED = "mitigated", "Mitigated"
        RESOLVED = "resolved", "Resolved"

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="events")
    state = models.CharField(max_length=20)
    words = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        triggers = append_only("risk_event")

    def __str__(self) -> str:
        return f"{self.risk}: {self.state}"

    @property
    def state_name(self) -> str:
        return self.State(self.state).label if self.state in self.State.values else self.state
