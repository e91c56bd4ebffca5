"""Commitments and everything that happened to them: estimates, slips, flags, options, check-ins, overrides.

A commitment's first promise never changes; the promise in force is the last slip's date. A correction is a new row
that names the old one.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from teams.models import Person, Team, User

from .kept import append_only
from .planning import PlanningInterval


class Outcome(models.Model):
    """What the organisation gets, in business words, and who asked for it."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="outcomes")
    title = models.CharField(max_length=300)
    sponsor = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="sponsored")
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title


class CommitmentQuerySet(models.QuerySet["Commitment"]):
    def open(self) -> CommitmentQuerySet:
        return self.filter(delivered_on=None, cancelled_at=None)

    def with_promise(self) -> CommitmentQuerySet:
        """Annotates `promised_on`, the promise in force, and `last_slip`, the id of the slip that made it."""
        slips = Slip.objects.filter(commitment=OuterRef("pk")).order_by("-pk")
        return self.annotate(
            promised_on=Coalesce(Subquery(slips.values("to_date")[:1]), F("first_promised_on")),
            last_slip=Subquery(slips.values("pk")[:1]),
        )

    def with_estimate(self) -> CommitmentQuerySet:
        """Annotates `low`, `likely`, `high`: remaining working days as last estimated, at `estimated_at`; else None."""
        newest = Estimate.objects.filter(commitment=OuterRef("pk")).order_by("-pk")
        said = {name: Subquery(newest.values(name)[:1]) for name in ("low", "likely", "high")}
        return self.annotate(**said, estimated_at=Subquery(newest.values("at")[:1]))


EDITED = (
    "title", "about", "outcome", "owner", "interval", "is_stretch", "planned_value", "no_earlier_than",
)  # fmt: skip


class Commitment(models.Model):
    """A promise of one team: an outcome by a date. A milestone is one that takes no work of its own."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="commitments")
    title = models.CharField(max_length=300)
    about = models.CharField(max_length=500, blank=True)
    outcome = models.ForeignKey(Outcome, null=True, blank=True, on_delete=models.PROTECT, related_name="commitments")
    owner = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="owned")
    interval = models.ForeignKey(
        PlanningInterval, null=True, blank=True, on_delete=models.PROTECT, related_name="commitments"
    )
    is_stretch = models.BooleanField(default=False)
    is_milestone = models.BooleanField(default=False)
    planned_value = models.PositiveSmallIntegerField(null=True, blank=True)
    actual_value = models.PositiveSmallIntegerField(null=True, blank=True)
    first_promised_on = models.DateField()
    made_on = models.DateField()
    no_earlier_than = models.DateField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    delivered_on = models.DateField(null=True, blank=True)
    delivered_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    cancelled_why = models.CharField(max_length=300, blank=True)
    external_source = models.CharField(max_length=40, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    objects = CommitmentQuerySet.as_manager()

    class Meta:
        ordering = ["first_promised_on", "title"]
        constraints = [
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                name="commitment_external_id_once",
                condition=~Q(external_id=""),
            ),
            models.CheckConstraint(
                condition=Q(delivered_on=None, delivered_by=None)
                | Q(delivered_on__isnull=False, delivered_by__isnull=False),
                name="commitment_delivered_on_and_by_together",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None, cancelled_by=None)
                | Q(cancelled_at__isnull=False, cancelled_by__isnull=False),
                name="commitment_cancelled_at_and_by_together",
            ),
            models.CheckConstraint(
                condition=Q(delivered_on=None) | Q(cancelled_at=None), name="commitment_delivered_or_cancelled"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{name: None}) | Q(**{f"{name}__range": (lowest, 10)}), name=f"commitment_{name}_to_10"
                )
                for name, lowest in (("planned_value", 1), ("actual_value", 0))
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("delivery:commitment", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.delivered_on is None and self.cancelled_at is None

    @property
    def code(self) -> str:
        return f"C-{self.pk}"

    @property
    def edition(self) -> str:
        """What can be edited, as short marks in the order of EDITED: a form opened earlier shows what differs."""
        said = (str(getattr(self, f"{name}_id", getattr(self, name))) for name in EDITED)
        return "-".join(hashlib.sha256(one.encode()).hexdigest()[:6] for one in said)

    def promise_in_force(self) -> date:
        """The last slip's date, else the first promise."""
        slip = self.slips.order_by("-pk").first()
        return slip.to_date if slip else self.first_promised_on


class Estimate(models.Model):
    """Remaining work in working days, as somebody saw it at a moment."""

    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="estimates")
    low = models.PositiveIntegerField()
    likely = models.PositiveIntegerField()
    high = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(low__lte=F("likely"), likely__lte=F("high")), name="estimate_low_likely_high"
            )
        ]
        triggers = append_only("estimate")

    def __str__(self) -> str:
        return f"{self.low}–{self.likely}–{self.high} days"


class Slip(models.Model):
    """A promise moved: from, to, why, by whom. Also a date that moves earlier."""

    class Reason(models.TextChoices):
        VENDOR = "vendor", "Vendor or outside team"
        SQUAD = "squad", "Waiting for a squad"
        ESTIMATE = "estimate", "Estimate too low"
        SCOPE = "scope", "Scope added"
        PEOPLE = "people", "People away"
        INCIDENT = "incident", "Incident"
        PRIORITY = "priority", "Priority changed"

    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="slips")
    from_date = models.DateField()
    to_date = models.DateField()
    reason = models.CharField(max_length=20)
    words = models.TextField(max_length=2000, blank=True)
    impact = models.TextField(max_length=2000, blank=True)  # what it means for the business
    corrects = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections")
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)  # as it was then

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_date=F("to_date")) | Q(corrects__isnull=False), name="slip_moves_a_date"
            )
        ]
        triggers = append_only("slip")

    def __str__(self) -> str:
        return f"{self.commitment}: {self.from_date} → {self.to_date}"

    @property
    def reason_name(self) -> str:
        return self.Reason(self.reason).label if self.reason in self.Reason.values else self.reason

    @property
    def mark(self) -> str:
        """Eight signs of the hash of what it says, to name it by."""
        said = [self.pk, self.commitment_id, self.from_date, self.to_date, self.reason, self.words, self.at.isoformat()]
        return hashlib.sha256("\n".join(map(str, said)).encode()).hexdigest()[:8]


class Flag(models.Model):
    """The moment at which somebody said that a promise is in danger, with or without a new date."""

    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="flags")
    on = models.DateField()
    how = models.CharField(max_length=20)  # checkin, slip, risk
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        triggers = append_only("flag")

    def __str__(self) -> str:
        return f"{self.commitment} flagged on {self.on}"


class Option(models.Model):
    """What could be done about a flagged miss. `saves_days`: working days less of remaining work, if it is taken."""

    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="options")
    slip = models.ForeignKey(Slip, null=True, blank=True, on_delete=models.PROTECT, related_name="options")
    title = models.CharField(max_length=300)
    cost = models.BigIntegerField(default=0)  # cents
    currency = models.CharField(max_length=3, default="USD")
    saves_days = models.IntegerField(default=0)
    scope_given_up = models.CharField(max_length=300, blank=True)
    risk_left = models.CharField(max_length=300, blank=True)
    is_advised = models.BooleanField(default=False)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(cost__gte=0), name="option_costs_nothing_or_more"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="option_withdrawn_at_and_by_together",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Choice(models.Model):
    """An option that was taken, why, and what was forecast then; scored later against what happened."""

    option = models.OneToOneField(Option, on_delete=models.PROTECT, related_name="choice")
    why = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)
    forecast = models.JSONField(default=dict)  # what each option promised when this one was taken

    class Meta:
        ordering = ["pk"]
        triggers = append_only("choice")

    def __str__(self) -> str:
        return f"{self.option} taken"


class CheckIn(models.Model):
    """A team's answers for a week. A second one in the same week is a new row; the newest counts."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="checkins")
    monday = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)
    seconds = models.PositiveIntegerField(null=True)  # from opening the page to sending it

    class Meta:
        ordering = ["pk"]
        triggers = append_only("checkin")

    def __str__(self) -> str:
        return f"{self.team}, week of {self.monday}"


class Answer(models.Model):
    """What a check-in says about one commitment."""

    class Word(models.TextChoices):
        ON_TRACK = "on_track", "On track"
        AT_RISK = "at_risk", "At risk"
        WILL_SLIP = "will_slip", "Will slip"

    checkin = models.ForeignKey(CheckIn, on_delete=models.PROTECT, related_name="answers")
    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="answers")
    word = models.CharField(max_length=20)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["checkin", "commitment"], name="answer_once_in_a_checkin")]
        triggers = append_only("answer")

    def __str__(self) -> str:
        return f"{self.commitment}: {self.word}"


class StatusOverride(models.Model):
    """A person's word against the computed status, for a while; shown beside it."""

    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="overrides")
    status = models.CharField(max_length=20)
    why = models.CharField(max_length=500)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)
    expires_on = models.DateField()

    class Meta:
        ordering = ["pk"]
        triggers = append_only("override")

    def __str__(self) -> str:
        return f"{self.commitment}: {self.status} until {self.expires_on}"


def name_of(user: Any) -> str:
    """A user's printed name, to be copied into a row that stays."""
    return str(user)[:150] if user is not None else "Plumbline"
