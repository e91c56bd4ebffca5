"""Decisions: the question with its options and criteria, who was asked, what was decided, and how it turned out."""

from __future__ import annotations

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse

from delivery.models import Commitment
from delivery.models.kept import append_only
from teams.models import Person, Team, User

from .risks import Risk


class DecisionQuerySet(models.QuerySet["Decision"]):
    def with_step(self) -> DecisionQuerySet:
        """Annotates `step` and `step_at`, from the newest event."""
        newest = DecisionEvent.objects.filter(decision=OuterRef("pk")).order_by("-pk")
        return self.annotate(step=Subquery(newest.values("step")[:1]), step_at=Subquery(newest.values("at")[:1]))

    def waiting(self) -> DecisionQuerySet:
        """Those that somebody still has to decide."""
        return self.with_step().filter(step__in=DecisionEvent.WAITING)  # type: ignore[misc]  # annotated by its queryset


class Decision(models.Model):
    """A question that somebody must answer by a day. Its state comes from its events."""

    class Kind(models.TextChoices):
        OPTIONS = "options", "Options"
        BUILD_BUY = "build_buy", "Build or buy"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=20, default=Kind.OPTIONS)
    question = models.CharField(max_length=200)
    context = models.TextField(max_length=4000, blank=True)
    needed_by = models.DateField(null=True, blank=True)
    stakes = models.BigIntegerField(null=True, blank=True)  # cents that hang on it; None: nobody has said
    stakes_days = models.PositiveIntegerField(null=True, blank=True)  # calendar days that hang on it
    stakes_words = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    years = models.PositiveSmallIntegerField(null=True, blank=True)  # over which build and buy are compared
    commitments = models.ManyToManyField(Commitment, blank=True, related_name="decisions")
    risk = models.ForeignKey(Risk, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions")
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(stakes=None) | Q(stakes__gte=0), name="decision_stakes_nothing_or_more"),
            models.CheckConstraint(condition=Q(years=None) | Q(years__range=(1, 20)), name="decision_years_1_to_20"),
        ]

    def __str__(self) -> str:
        return self.question

    def get_absolute_url(self) -> str:
        return reverse("stakeholders:decision", args=[self.pk])

    @property
    def code(self) -> str:
        return f"D-{self.pk:03d}"


class Criterion(models.Model):
    """What the options are weighed by."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="criteria")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    weight = models.PositiveSmallIntegerField(default=1)  # 1–10

    class Meta:
        ordering = ["position"]
        verbose_name_plural = "criteria"
        constraints = [
            models.UniqueConstraint(fields=["decision", "position"], name="criterion_position_once"),
            models.CheckConstraint(condition=Q(weight__range=(1, 10)), name="criterion_weight_1_to_10"),
        ]

    def __str__(self) -> str:
        return self.name


class DecisionOption(models.Model):
    """One answer that could be given: its cost, the date it leads to, its chance, the penalty that is left."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="options")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    words = models.CharField(max_length=1000, blank=True)
    cost = models.BigIntegerField(null=True, blank=True)  # cents, once
    cost_yearly = models.BigIntegerField(null=True, blank=True)  # cents a year
    lands_on = models.DateField(null=True, blank=True)
    chance = models.FloatField(null=True, blank=True)  # 0–1, of that date or of success
    penalty = models.BigIntegerField(null=True, blank=True)  # cents, expected
    is_advised = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["decision", "position"], name="decision_option_position_once"),
            models.CheckConstraint(
                condition=Q(chance=None) | Q(chance__range=(0, 1)), name="decision_option_chance_0_to_1"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{name: None}) | Q(**{f"{name}__gte": 0}), name=f"decision_option_{name}_0_or_more"
                )
                for name in ("cost", "cost_yearly", "penalty")
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="decision_option_withdrawn_at_and_by_together",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def letter(self) -> str:
        return chr(ord("A") + self.position) if self.position < 26 else str(self.position + 1)


class Score(models.Model):
    """How well one option meets one criterion, 0–5."""

    option = models.ForeignKey(DecisionOption, on_delete=models.PROTECT, related_name="scores")
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="scores")
    points = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["option", "criterion"], name="score_once"),
            models.CheckConstraint(condition=Q(points__range=(0, 5)), name="score_0_to_5"),
        ]

    def __str__(self) -> str:
        return f"{self.option}, {self.criterion}: {self.points}"


class Evidence(models.Model):
    """Where to read more."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="evidence")
    label = models.CharField(max_length=120)
    address = models.CharField(max_length=500)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return self.label


class DecisionEvent(models.Model):
    """A step of a decision: asked, passed on, decided, withdrawn. `person` is whose answer is waited for from then."""

    class Step(models.TextChoices):
        ASKED = "asked", "Asked"
        PASSED = "passed", "Passed on"
        DECIDED = "decided", "Decided"
        WITHDRAWN = "withdrawn", "Withdrawn"

    WAITING = (Step.ASKED, Step.PASSED)

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="events")
    step = models.CharField(max_length=20)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    option = models.ForeignKey(
        DecisionOption, null=True, blank=True, on_delete=models.PROTECT, related_name="decided_in"
    )
    words = models.CharField(max_length=2000, blank=True)
    promised = models.JSONField(default=list, blank=True)  # what each option promised when one was taken
    score_on = models.DateField(null=True, blank=True)  # when to look at how it turned out
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["decision"], condition=Q(step__in=["decided", "withdrawn"]), name="decision_ends_once"
            ),
            models.CheckConstraint(
                condition=(Q(step="decided", option__isnull=False)) | (~Q(step="decided") & Q(option=None)),
                name="decision_names_its_option",
            ),
        ]
        triggers = append_only("decision_event")

    def __str__(self) -> str:
        return f"{self.decision}: {self.step}"

    @property
    def step_name(self) -> str:
        return self.Step(self.step).label if self.step in self.Step.values else self.step


class DecisionOutcome(models.Model):
    """How a decision turned out. A second look is a new row; the newest counts."""

    class Verdict(models.TextChoices):
        EXPECTED = "expected", "As expected"
        BETTER = "better", "Better"
        WORSE = "worse", "Worse"

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="outcomes")
    verdict = models.CharField(max_length=20)
    words = models.CharField(max_length=1000)
    cost = models.BigIntegerField(null=True, blank=True)  # cents, as it was
    landed_on = models.DateField(null=True, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        triggers = append_only("decision_outcome")

    def __str__(self) -> str:
        return f"{self.decision}: {self.verdict}"

    @property
    def verdict_name(self) -> str:
        return self.Verdict(self.verdict).label if self.verdict in self.Verdict.values else self.verdict


class Memo(models.Model):
    """A push-back: a date that somebody asks for, against what the forecast says. Words are edited, facts are kept."""

    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="memos")
    requested_on = models.DateField()
    asked_by = models.CharField(max_length=120)
    opening = models.TextField(max_length=2000, blank=True)
    closing = models.TextField(max_length=2000, blank=True)
    facts = models.JSONField()  # the numbers as they were when it was last saved
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.commitment} by {self.requested_on}"

    def get_absolute_url(self) -> str:
        return reverse("stakeholders:memo", args=[self.pk])

    @property
    def code(self) -> str:
        return f"M-{self.pk:03d}"
