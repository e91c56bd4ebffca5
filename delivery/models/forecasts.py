"""Forecasts as they were made: seed, inputs and results, so that each can be shown again exactly, and scored."""

from __future__ import annotations

import pgtrigger
from django.db import models

from .deadlines import Deadline
from .promises import Commitment


class NetworkMark(models.Model):
    """Something that a forecast rests on has changed. Marks are appended and taken, never updated."""

    at = models.DateTimeField(auto_now_add=True)
    why = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.why


class ForecastRun(models.Model):
    """One simulation of the whole network of open commitments."""

    made_at = models.DateTimeField()
    as_of = models.DateField()
    seed = models.BigIntegerField()
    trials = models.PositiveIntegerField()
    inputs = models.JSONField()
    inputs_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    why = models.CharField(max_length=200)

    class Meta:
        ordering = ["-pk"]
        triggers = [pgtrigger.Protect(name="forecast_is_kept", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"Forecast of {self.made_at:%Y-%m-%d %H:%M}"


class ForecastLine(models.Model):
    """What one run says of one commitment."""

    run = models.ForeignKey(ForecastRun, on_delete=models.PROTECT, related_name="lines")
    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="forecasts")
    promised_on = models.DateField()  # the promise in force then
    even = models.DateField()  # even odds
    sure = models.DateField()  # 85 % sure
    hits = models.PositiveIntegerField()  # trials that keep the promise in force, of the run's trials
    hits_first = models.PositiveIntegerField()  # and the first promise
    early_start = models.DateField()
    early_finish = models.DateField()  # of the schedule with likely durations
    float_days = models.IntegerField(null=True)
    is_critical = models.BooleanField(default=False)
    days = models.JSONField(default=list)  # [[date, trials that finish on it], …]
    thin = models.PositiveSmallIntegerField(
        default=0
    )  # delivered commitments missing until the team's own history counts

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "commitment"], name="forecast_line_once")]
        indexes = [models.Index(fields=["commitment", "-run"], name="forecast_line_newest")]
        triggers = [pgtrigger.Protect(name="forecast_line_is_kept", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.commitment}: {self.even}–{self.sure}"

    @property
    def chance(self) -> float:
        """Of the promise in force, 0–1."""
        return self.hits / self.run.trials


class DeadlineForecast(models.Model):
    """What one run says of one deadline."""

    run = models.ForeignKey(ForecastRun, on_delete=models.PROTECT, related_name="deadlines")
    deadline = models.ForeignKey(Deadline, on_delete=models.PROTECT, related_name="forecasts")
    date = models.DateField()  # the deadline's date then
    even = models.DateField()
    sure = models.DateField()
    hits = models.PositiveIntegerField()  # trials that reach it in time, of the run's trials
    penalty = models.BigIntegerField()  # expected, cents
    penalty_85 = models.BigIntegerField()
    float_days = models.IntegerField()  # working days to spare; negative: to win back
    driving = models.JSONField(default=dict)  # commitment id → share of trials in which it was on the driving path
    critical = models.JSONField(default=list)  # commitment ids of the driving path, first to last
    days = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "deadline"], name="deadline_forecast_once")]
        indexes = [models.Index(fields=["deadline", "-run"], name="deadline_forecast_newest")]
        triggers = [pgtrigger.Protect(name="deadline_forecast_is_kept", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.deadline}: {self.even}"

    @property
    def chance(self) -> float:
        """Of being reached in time, 0–1."""
        return self.hits / self.run.trials
