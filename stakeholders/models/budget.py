"""Budget lines: a team's money for one month and one purpose; planned, actual and forecast."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from teams.models import Team, User

from .modernisation import Phase


class BudgetLine(models.Model):
    """Cents in the organisation's currency; None is not 0: nobody has said."""

    class Category(models.TextChoices):
        HEADCOUNT = "headcount", "Headcount"
        TOOLING = "tooling", "Tooling"
        INFRASTRUCTURE = "infrastructure", "Infrastructure"
        VENDORS = "vendors", "Vendors"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="budget_lines")
    month = models.DateField()  # its first day
    category = models.CharField(max_length=20)
    name = models.CharField(max_length=120, blank=True)
    plan = models.BigIntegerField(null=True, blank=True)
    actual = models.BigIntegerField(null=True, blank=True)
    forecast = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    phase = models.ForeignKey(Phase, null=True, blank=True, on_delete=models.PROTECT, related_name="budget_lines")
    is_sample = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["month", "team_id", "category", "name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "month", "category", "name"], name="budget_line_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="budget_month_is_its_first_day"),
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.month:%Y-%m} {self.category} {self.name}".strip()
