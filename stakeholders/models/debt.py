"""Technical debt: what would pay it off, what it costs each week, who owns it, and the box of time it is given."""

from __future__ import annotations

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse

from delivery.models.kept import append_only
from metrics.models import Incident
from teams.models import Person, Team, User


class DebtQuerySet(models.QuerySet["Debt"]):
    def with_state(self) -> DebtQuerySet:
        """Annotates `step`, `principal`, `interest`, `since` from the newest event."""
        newest = DebtEvent.objects.filter(debt=OuterRef("pk")).order_by("-pk")
        said = {name: Subquery(newest.values(name)[:1]) for name in ("step", "principal", "interest")}
        return self.annotate(**said, since=Subquery(newest.values("on")[:1]))


class Debt(models.Model):
    """A shortcut that costs time each week until it is paid off. Its size and state come from its events."""

    class Priority(models.IntegerChoices):
        HIGH = 1, "High"
        MEDIUM = 2, "Medium"
        LOW = 3, "Low"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="debts")
    title = models.CharField(max_length=200)
    about = models.TextField(max_length=2000, blank=True)
    owner = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="debts")
    priority = models.PositiveSmallIntegerField(null=True, blank=True)  # None: nobody has ranked it
    box_days = models.PositiveIntegerField(null=True, blank=True)  # working days it may take
    box_share = models.PositiveSmallIntegerField(null=True, blank=True)  # or percent of the team's capacity
    box_until = models.DateField(null=True, blank=True)  # the last day of the box
    incidents = models.ManyToManyField(Incident, blank=True, related_name="debts")  # that came from it
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    objects = DebtQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(priority=None) | Q(priority__range=(1, 3)), name="debt_priority_1_to_3"),
            models.CheckConstraint(condition=Q(box_share=None) | Q(box_share__range=(1, 100)), name="debt_box_share"),
            models.CheckConstraint(condition=Q(box_days=None) | Q(box_share=None), name="debt_box_in_days_or_share"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("stakeholders:debt", args=[self.pk])

    @property
    def tracked(self) -> bool:
        """Whether somebody owns it, it is ranked, and it has a box with an end."""
        boxed = bool(self.box_until and (self.box_days or self.box_share))
        return bool(self.owner_id and self.priority and boxed)

    @property
    def priority_name(self) -> str:
        return self.Priority(self.priority).label if self.priority in self.Priority.values else ""

    @property
    def code(self) -> str:
        return f"T-{self.pk:03d}"

    @property
    def edition(self) -> str:
        """What can be edited, so that a form opened earlier is noticed."""
        names = ("title", "about", "owner_id", "priority", "box_days", "box_share", "box_until")
        return "|".join(str(getattr(self, name)) for name in names)[:400]


class DebtEvent(models.Model):
    """A step of a debt. `principal` and `interest` are what is left after it, in working days and days a week."""

    class Step(models.TextChoices):
        OPENED = "opened", "Opened"
        RESCORED = "rescored", "Sized anew"
        EDITED = "edited", "Worded anew"
        PAID = "paid", "Worked on"
        CLOSED = "closed", "Paid off"
        EXPIRED = "expired", "Let go"

    ENDED = (Step.CLOSED, Step.EXPIRED)

    debt = models.ForeignKey(Debt, on_delete=models.PROTECT, related_name="events")
    step = models.CharField(max_length=20)
    principal = models.DecimalField(max_digits=7, decimal_places=2)
    interest = models.DecimalField(max_digits=6, decimal_places=2)
    days = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)  # spent, when worked on
    tracked = models.BooleanField(default=False)  # whether it had an owner, a rank and a box after this
    box_until = models.DateField(null=True, blank=True)  # as it was then
    words = models.CharField(max_length=1000, blank=True)
    on = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(principal__gte=0, interest__gte=0), name="debt_costs_nothing_or_more"),
            models.CheckConstraint(
                condition=Q(step="paid", days__gt=0) | (~Q(step="paid") & Q(days=None)), name="debt_work_has_days"
            ),
        ]
        triggers = append_only("debt_event")

    def __str__(self) -> str:
        return f"{self.debt}: {self.step}"

    @property
    def step_name(self) -> str:
        return self.Step(self.step).label if self.step in self.Step.values else self.step
