"""The facts and their links. Never deleted: what no longer holds is marked `superseded_at`, kept, and not counted.

`team` is who owned the service at the time, see `attribution`.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from teams.models import Team, User

from .sources import Service, Source


class FactQuerySet(models.QuerySet[Any]):
    def current(self) -> FactQuerySet:
        return self.filter(superseded_at=None)


class Change(models.Model):
    """A merged pull request, or a commit that belongs to none; `sha` stands for it on the deployed branch."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="changes")
    repository = models.CharField(max_length=200, blank=True)
    sha = models.CharField(max_length=64)
    number = models.CharField(max_length=40, blank=True)  # of the pull request; "" for a commit
    origin = models.CharField(max_length=345, blank=True)  # the observed thing that it follows from
    title = models.CharField(max_length=300)
    author = models.CharField(max_length=200, blank=True)
    first_commit_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    first_review_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    merged_at = models.DateTimeField(null=True)
    reverts = models.CharField(max_length=64, blank=True)
    time_note = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=500, blank=True)
    provider_updated_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    objects = FactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "repository", "sha"], name="change_once_in_a_repository"),
        ]
        indexes = [
            models.Index(fields=["sha"], name="change_by_sha"),
            models.Index(fields=["source", "origin"], condition=~Q(origin=""), name="change_by_origin"),
            models.Index(fields=["source", "reverts"], condition=~Q(reverts=""), name="change_reverts"),
        ]

    def __str__(self) -> str:
        return self.title


class ChangeCommit(models.Model):
    """A commit that belongs to a pull request: it is no change of its own."""

    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="commits")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    repository = models.CharField(max_length=200, blank=True)
    sha = models.CharField(max_length=64)
    place = models.PositiveIntegerField(default=0)  # oldest first
    title = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["change", "sha"], name="change_commit_once")]
        indexes = [models.Index(fields=["source", "repository", "sha"], name="change_commit_by_sha")]

    def __str__(self) -> str:
        return self.sha


class Commit(models.Model):
    """A commit with its parents: the history from which follows what a deployment carried."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="commits")
    repository = models.CharField(max_length=200, blank=True)
    sha = models.CharField(max_length=64)
    parents = ArrayField(models.CharField(max_length=64), default=list)
    title = models.CharField(max_length=300, blank=True)
    committed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "repository", "sha"], name="commit_once")]
        indexes = [models.Index(fields=["sha"], name="commit_by_sha")]

    def __str__(self) -> str:
        return self.sha


class Deployment(models.Model):
    """One attempt to put one sha of one service into one environment."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="deployments")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="deployments")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")  # the owner of the service then
    provider_id = models.CharField(max_length=300)
    environment = models.CharField(max_length=100)
    production = models.BooleanField()
    repository = models.CharField(max_length=200, blank=True)
    origin = models.CharField(max_length=345, blank=True)  # the observed thing that it follows from
    sha = models.CharField(max_length=64)
    ref = models.CharField(max_length=300, blank=True)
    outcome = models.CharField(max_length=20)
    raw_outcome = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=20, blank=True)  # "": planned; else rollback or hotfix
    answers = models.CharField(max_length=300, blank=True)  # provider_id of what it took back or mended
    answer_by_history = models.BooleanField(db_default=False)  # we saw that it went back, nobody said so
    base = models.CharField(max_length=300, blank=True)  # provider_id of the deployment before it
    base_known = models.BooleanField(default=False)  # False: the first collected; its changes are not counted
    linked_by = models.CharField(max_length=20, blank=True, db_default="")  # ancestry or time; "": not linked
    carried_digest = models.CharField(
        max_length=64, blank=True, db_default=""
    )  # of its changes, to skip what did not change
    note = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=500, blank=True)
    provider_updated_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    objects = FactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "provider_id"], name="deployment_once_in_a_source"),
        ]
        indexes = [
            models.Index(fields=["service", "finished_at"], name="deployment_of_service_by_time"),
            models.Index(fields=["team", "finished_at"], name="deployment_of_team_by_time"),
            models.Index(fields=["source", "sha"], name="deployment_by_sha"),
            models.Index(fields=["source", "origin"], condition=~Q(origin=""), name="deployment_by_origin"),
        ]

    def __str__(self) -> str:
        return self.ref or self.provider_id


class DeployedChange(models.Model):
    """A change reached production for the first time with this deployment. `how`: by ancestry, or by time."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="deployed_changes")
    change = models.ForeignKey(Change, on_delete=models.CASCADE, related_name="deployed_changes")
    how = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deployment", "change"], name="deployed_change_once")]

    def __str__(self) -> str:
        return f"{self.change_id} with {self.deployment_id}"


class Incident(models.Model):
    """Something that hurt users, from its start until service was restored."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="incidents")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="incidents")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")  # the owner of the service then
    provider_id = models.CharField(max_length=300)
    origin = models.CharField(max_length=345, blank=True)  # the observed thing that it follows from
    title = models.CharField(max_length=300)
    severity = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    caused_by = models.CharField(max_length=300, blank=True)  # provider_id that it names explicitly
    url = models.CharField(max_length=500, blank=True)
    provider_updated_at = models.DateTimeField(null=True)
    superseded_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    objects = FactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "provider_id"], name="incident_once_in_a_source"),
            models.CheckConstraint(
                condition=Q(resolved_at=None) | Q(resolved_at__gte=F("started_at")),
                name="incident_ends_after_it_starts",
            ),
        ]
        indexes = [
            models.Index(fields=["service", "resolved_at"], name="incident_of_service_by_time"),
            models.Index(fields=["team", "resolved_at"], name="incident_of_team_by_time"),
            models.Index(fields=["source", "origin"], condition=~Q(origin=""), name="incident_by_origin"),
        ]

    def __str__(self) -> str:
        return self.title


class IncidentLink(models.Model):
    """Which deployment an incident is put down to, and how we know. A person's correction is kept and wins."""

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="link")
    deployment = models.ForeignKey(Deployment, null=True, on_delete=models.CASCADE, related_name="incident_links")
    how = models.CharField(max_length=20)  # named, answered, window, person
    reason = models.CharField(max_length=300, blank=True)
    corrected_at = models.DateTimeField(null=True)
    corrected_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(how="person", corrected_at__isnull=False, corrected_by__isnull=False)
                | (~Q(how="person") & Q(corrected_at=None, corrected_by=None, deployment__isnull=False)),
                name="incident_link_correction_is_signed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} by {self.deployment_id} ({self.how})"


class Failure(models.Model):
    """Evidence that a deployment which reached users was bad: an incident, a rollback, a hotfix or a revert."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="failures")
    how = models.CharField(max_length=20)  # incident, rollback, hotfix, revert
    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="failures")
    answer = models.ForeignKey(Deployment, null=True, on_delete=models.CASCADE, related_name="shows_failed")
    change = models.ForeignKey(Change, null=True, on_delete=models.CASCADE, related_name="shows_failed")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["deployment", "how", "incident", "answer", "change"],
                name="failure_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deployment_id} failed ({self.how})"
