"""Modernisation plans: phases with exit criteria, funding, the risk that each retires; and teams not measurable yet."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from delivery.models.kept import append_only
from teams.models import Person, Team, User


class ModernisationPlan(models.Model):
    """How something old is replaced, phase by phase."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="modernisation_plans")
    title = models.CharField(max_length=200)
    about = models.TextField(max_length=2000, blank=True)
    owner = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("stakeholders:modernisation_plan", args=[self.pk])

    @property
    def code(self) -> str:
        return f"P-{self.pk:03d}"


class Phase(models.Model):
    """One phase of a plan. `risk_retired` counts once every exit criterion is met."""

    plan = models.ForeignKey(ModernisationPlan, on_delete=models.PROTECT, related_name="phases")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    risk_retired = models.BigIntegerField(null=True, blank=True)  # cents a year; None: nobody has said

    class Meta:
        ordering = ["plan_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "position"], name="phase_position_once"),
            models.CheckConstraint(
                condition=Q(starts_on=None) | Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="phase_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(risk_retired=None) | Q(risk_retired__gte=0), name="phase_retires_nothing_or_more"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ExitCriterion(models.Model):
    """What must be true before a phase is over. Whether it is comes from its events."""

    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="criteria")
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=300)

    class Meta:
        ordering = ["phase_id", "position"]
        verbose_name_plural = "exit criteria"
        constraints = [models.UniqueConstraint(fields=["phase", "position"], name="exit_criterion_position_once")]

    def __str__(self) -> str:
        return self.text


class CriterionEvent(models.Model):
    """Somebody says that a criterion is met, or no longer, with evidence."""

    criterion = models.ForeignKey(ExitCriterion, on_delete=models.PROTECT, related_name="events")
    met = models.BooleanField()
    evidence = models.CharField(max_length=500, blank=True)
    words = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        triggers = append_only("criterion_event")

    def __str__(self) -> str:
        return f"{self.criterion}: {'met' if self.met else 'not met'}"


class FundingEvent(models.Model):
    """Money for a phase that was asked for, approved, or spent. A negative amount takes back what was too much."""

    class Kind(models.TextChoices):
        ASKED = "asked", "Asked"
        APPROVED = "approved", "Approved"
        SPENT = "spent", "Spent"

    phase = models.ForeignKey(Phase, on_delete=models.PROTECT, related_name="funding")
    kind = models.CharField(max_length=20)
    amount = models.BigIntegerField()  # cents
    words = models.CharField(max_length=300, blank=True)
    on = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        triggers = append_only("funding_event")

    def __str__(self) -> str:
        return f"{self.phase}: {self.kind}"


class NotMeasurable(models.Model):
    """A team whose delivery cannot be measured yet, why, and since when. It is never scored as failing."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="not_measurable")
    plan = models.ForeignKey(ModernisationPlan, on_delete=models.PROTECT, related_name="not_measurable")
    why = models.CharField(max_length=300)
    since = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "not measurable"
        constraints = [
            models.UniqueConstraint(fields=["team"], condition=Q(ended_on=None), name="not_measurable_once"),
        ]

    def __str__(self) -> str:
        return f"{self.team} is not measurable yet"
