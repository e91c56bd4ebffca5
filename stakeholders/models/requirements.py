"""Compliance requirements found late, and what became of each: included, accepted with signatures, withdrawn.

The database itself refuses to mark a commitment delivered while one of its requirements is open and not accepted.
"""

from __future__ import annotations

from django.db import models
from django.db.models import OuterRef, Subquery
from django.urls import reverse

from delivery.models import Commitment
from delivery.models.kept import append_only
from teams.models import Person, Team, User

from .acceptances import Acceptance


class RequirementQuerySet(models.QuerySet["Requirement"]):
    def with_step(self) -> RequirementQuerySet:
        """Annotates `step` and `acceptance_id`, from the newest event."""
        newest = RequirementEvent.objects.filter(requirement=OuterRef("pk")).order_by("-pk")
        return self.annotate(
            step=Subquery(newest.values("step")[:1]), acceptance_id=Subquery(newest.values("acceptance")[:1])
        )


class Requirement(models.Model):
    """Something that a rule asks for and that was found after the promise was made."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="requirements")
    regime = models.CharField(max_length=40)  # HIPAA, CMS, …
    title = models.CharField(max_length=200)
    text = models.TextField(max_length=2000, blank=True)
    found_on = models.DateField()
    found_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    commitments = models.ManyToManyField(Commitment, related_name="requirements")
    decision = models.ForeignKey(
        "stakeholders.Decision", null=True, blank=True, on_delete=models.PROTECT, related_name="requirements"
    )
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    objects = RequirementQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("stakeholders:requirement", args=[self.pk])

    @property
    def code(self) -> str:
        return f"Q-{self.pk:03d}"


class RequirementEvent(models.Model):
    """A step of a requirement. `deferred` names the acceptance that must be in force instead."""

    class Step(models.TextChoices):
        OPEN = "open", "Open"
        INCLUDED = "included", "Included in this release"
        DEFERRED = "deferred", "To be accepted with signatures"
        WITHDRAWN = "withdrawn", "Withdrawn"

    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="events")
    step = models.CharField(max_length=20)
    acceptance = models.ForeignKey(
        Acceptance, null=True, blank=True, on_delete=models.PROTECT, related_name="requirement_events"
    )
    words = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(step="deferred", acceptance__isnull=False)
                | (~models.Q(step="deferred") & models.Q(acceptance=None)),
                name="requirement_is_deferred_to_an_acceptance",
            )
        ]
        triggers = append_only("requirement_event")

    def __str__(self) -> str:
        return f"{self.requirement}: {self.step}"

    @property
    def step_name(self) -> str:
        return self.Step(self.step).label if self.step in self.Step.values else self.step


__all__ = ["Requirement", "RequirementEvent"]
