"""Pipeline runs and their jobs: facts like the others, see `facts`."""

from __future__ import annotations

from django.db import models

from teams.models import Team

from .facts import FactQuerySet
from .sources import Service, Source


class PipelineRun(models.Model):
    """One attempt of one pipeline, workflow or build."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="runs")
    service = models.ForeignKey(Service, null=True, on_delete=models.PROTECT, related_name="runs")
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="+")  # its owner then
    repository = models.CharField(max_length=200, blank=True)
    provider_id = models.CharField(max_length=300)
    attempt = models.PositiveIntegerField(default=1)
    origin = models.CharField(max_length=345, blank=True)
    workflow = models.CharField(max_length=300)
    branch = models.CharField(max_length=300, blank=True)
    sha = models.CharField(max_length=64, blank=True)
    event = models.CharField(max_length=60, blank=True)
    on_main = models.BooleanField(null=True)
    outcome = models.CharField(max_length=20, blank=True)  # "": not ended
    raw_outcome = models.CharField(max_length=60, blank=True)
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    coverage = models.FloatField(null=True)  # percent
    jobs_digest = models.CharField(max_length=64, blank=True)
    url = models.CharField(max_length=500, blank=True)
    provider_updated_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    objects = FactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "provider_id", "attempt"], name="run_once_in_a_source"),
        ]
        indexes = [
            models.Index(fields=["service", "finished_at"], name="run_of_service_by_time"),
            models.Index(fields=["team", "finished_at"], name="run_of_team_by_time"),
            models.Index(fields=["source", "origin"], name="run_by_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.provider_id}.{self.attempt}"


class PipelineJob(models.Model):
    """One job of a run."""

    run = models.ForeignKey(PipelineRun, on_delete=models.CASCADE, related_name="jobs")
    provider_id = models.CharField(max_length=300)
    name = models.CharField(max_length=300)
    stage = models.CharField(max_length=100, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    raw_outcome = models.CharField(max_length=60, blank=True)
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "provider_id"], name="job_once_in_a_run")]

    def __str__(self) -> str:
        return self.name
