"""Release checklists with what was said about each item, the recorded verdicts, and the actions of retrospectives."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse

from delivery.models import Commitment, Deadline
from delivery.models.kept import append_only
from teams.models import Team, User


class Checklist(models.Model):
    """What must hold before a release goes live."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="checklists")
    name = models.CharField(max_length=120)
    environment = models.CharField(max_length=100, blank=True)  # the shared one in which it is tested
    deadline = models.ForeignKey(Deadline, null=True, blank=True, on_delete=models.PROTECT, related_name="checklists")
    commitments = models.ManyToManyField(Commitment, blank=True, related_name="checklists")
    least_chance = models.PositiveSmallIntegerField(default=70)  # percent, of the deadline
    least_coverage = models.PositiveSmallIntegerField(default=80)  # percent
    least_success = models.PositiveSmallIntegerField(default=90)  # percent of runs on the main branch
    least_fidelity = models.PositiveSmallIntegerField(default=95)  # percent of a sandbox's cases
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(**{f"{name}__range": (0, 100)}), name=f"checklist_{name}_percent")
            for name in ("least_chance", "least_coverage", "least_success", "least_fidelity")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("stakeholders:checklist", args=[self.pk])

    @property
    def code(self) -> str:
        return f"G-{self.pk:03d}"


class ChecklistItem(models.Model):
    """One thing to hold. Its state is computed where it can be; by hand otherwise."""

    class Kind(models.TextChoices):
        COVERAGE = "coverage", "Coverage gate"
        PIPELINE = "pipeline", "Pipeline stability"
        SANDBOX = "sandbox", "Vendor sandbox fidelity"
        REQUIREMENTS = "requirements", "Requirements settled"
        DEPENDENCIES = "dependencies", "Dependencies with an agreed date"
        CHANCE = "chance", "Chance of the deadline"
        HAND = "hand", "Checked by hand"

    BY_HAND = (Kind.HAND, Kind.SANDBOX)  # what people enter evidence for

    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=200)

    class Meta:
        ordering = ["checklist_id", "position"]
        constraints = [models.UniqueConstraint(fields=["checklist", "position"], name="checklist_item_once")]

    def __str__(self) -> str:
        return self.title


class ItemEvent(models.Model):
    """What somebody found about an item: it holds, it does not, or the risk is accepted."""

    class Said(models.TextChoices):
        HOLDS = "holds", "Holds"
        FAILS = "fails", "Does not hold"
        ACCEPTED = "accepted", "Does not hold, risk accepted"
        MEASURED = "measured", "Cases were run"

    item = models.ForeignKey(ChecklistItem, on_delete=models.PROTECT, related_name="events")
    said = models.CharField(max_length=20)
    passed = models.PositiveIntegerField(null=True, blank=True)  # cases, of a sandbox
    run = models.PositiveIntegerField(null=True, blank=True)
    evidence = models.CharField(max_length=500, blank=True)
    words = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(said="measured", run__gt=0, passed__lte=models.F("run"))
                | (~Q(said="measured") & Q(run=None, passed=None)),
                name="item_cases_passed_of_run",
            ),
        ]
        triggers = append_only("item_event")

    def __str__(self) -> str:
        return f"{self.item}: {self.said}"


class GoDecision(models.Model):
    """Go or no-go, as somebody decided it, with the verdict and reasons that were computed then."""

    class Verdict(models.TextChoices):
        GO = "go", "Go"
        ACCEPTED = "accepted", "Go with accepted risks"
        NO_GO = "no_go", "No-go"

    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="decided")
    decided = models.CharField(max_length=20)
    computed = models.CharField(max_length=20)
    reasons = models.JSONField(default=list)
    words = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["-pk"]
        triggers = append_only("go_decision")

    def __str__(self) -> str:
        return f"{self.checklist}: {self.decided}"

    @property
    def decided_name(self) -> str:
        return self.Verdict(self.decided).label if self.decided in self.Verdict.values else self.decided


class RetroAction(models.Model):
    """What a team agreed to do in a retrospective, by when, and whether it did."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="retro_actions")
    text = models.CharField(max_length=300)
    agreed_on = models.DateField()
    due_on = models.DateField()
    done_on = models.DateField(null=True, blank=True)
    done_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-due_on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(due_on__gte=models.F("agreed_on")), name="retro_due_after_agreed"),
        ]

    def __str__(self) -> str:
        return self.text
