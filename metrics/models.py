"""What the sources said, as rows: services, deployments, changes, incidents, and how they are linked.

Also the records that keep reading safe: `Stream` (where we are, who reads), `RawPage` and `Inbox` (what was really
said). `ingest.py` is the only writer of facts. Facts are never deleted: what a rewritten history no longer holds is
marked `superseded_at`, kept, and not counted.
"""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from teams.models import Team, User


class Source(models.Model):
    """A place that facts come from, read with one credential. It belongs to a team and feeds the teams below it."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="sources")
    provider = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=500, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    secret = models.BinaryField(null=True, editable=False)  # encrypted; written, never shown
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    inbox_stopped_at = models.DateTimeField(null=True, blank=True)  # too many events could not be read

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="source_name_once_in_a_team"),
            models.CheckConstraint(
                condition=Q(paused_at=None, paused_by=None) | Q(paused_at__isnull=False, paused_by__isnull=False),
                name="source_paused_at_and_by_together",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("metrics:source", args=[self.pk])


class Service(models.Model):
    """A deployable thing owned by one squad. `name` is the provider's; "" is a source's only service."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="services")
    name = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="services")

    class Meta:
        ordering = ["title", "id"]
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="service_once_in_a_source")]

    def __str__(self) -> str:
        return self.title


class Stream(models.Model):
    """One kind of fact from one source: where its reading stands, and which worker may move it.

    A worker takes the lease and raises `fence`; it may write only while the fence is still its own. `attempts` counts
    tries at the current page that never came back; `failures` counts those that came back with a reason.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="streams")
    kind = models.CharField(max_length=40)
    cursor = models.JSONField(default=dict)
    fence = models.BigIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField()
    woken_at = models.DateTimeField(null=True, blank=True)
    blocked_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    dead_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    doing = models.CharField(max_length=80, blank=True)
    read = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True, blank=True)
    notes = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True)
    error_advice = models.CharField(max_length=500, blank=True)
    error_detail = models.TextField(blank=True)
    error_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["source_id", "kind"]
        constraints = [models.UniqueConstraint(fields=["source", "kind"], name="stream_once_in_a_source")]
        indexes = [models.Index(fields=["due_at"], name="stream_due")]

    def __str__(self) -> str:
        return f"{self.source}: {self.kind}"


class SourceDay(models.Model):
    """How reading a source went on one day of the organisation: runs that ended well, tries that failed, new rows."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    reads = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "day"], name="source_day_once")]

    def __str__(self) -> str:
        return f"{self.source_id} on {self.day}"


class RawPage(models.Model):
    """The words that a page of facts came from, compressed, so that facts can be derived again without asking."""

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="pages")
    fence = models.BigIntegerField()
    body = models.BinaryField()
    facts = models.PositiveIntegerField()
    received_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.facts} facts of {self.stream_id}"


class Inbox(models.Model):
    """An event that was pushed to us, kept raw. `key` makes the same delivery one row, for ever."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="inbox")
    key = models.CharField(max_length=200)
    body = models.BinaryField()
    received_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    error_detail = models.TextField(blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "inbox"
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="inbox_key_once"),
            models.CheckConstraint(
                condition=Q(processed_at=None) | Q(dead_at=None), name="inbox_processed_or_dead_not_both"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(processed_at=None, dead_at=None), name="inbox_waiting"),
        ]

    def __str__(self) -> str:
        return self.key


class FactQuerySet(models.QuerySet[Any]):
    def current(self) -> FactQuerySet:
        return self.filter(superseded_at=None)


class Change(models.Model):
    """A merged pull request, or a commit that belongs to none; `sha` stands for it on the deployed branch."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="changes")
    sha = models.CharField(max_length=64)
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
        constraints = [models.UniqueConstraint(fields=["source", "sha"], name="change_once_in_a_source")]
        indexes = [
            models.Index(fields=["source", "reverts"], condition=~Q(reverts=""), name="change_reverts"),
        ]

    def __str__(self) -> str:
        return self.title


class Deployment(models.Model):
    """One attempt to put one sha of one service into one environment."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="deployments")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="deployments")
    provider_id = models.CharField(max_length=300)
    environment = models.CharField(max_length=100)
    production = models.BooleanField()
    sha = models.CharField(max_length=64)
    ref = models.CharField(max_length=300, blank=True)
    outcome = models.CharField(max_length=20)
    raw_outcome = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=20, blank=True)  # "": planned; else rollback or hotfix
    answers = models.CharField(max_length=300, blank=True)  # provider_id of what it took back or mended
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
            models.Index(fields=["source", "sha"], name="deployment_by_sha"),
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
    provider_id = models.CharField(max_length=300)
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
        indexes = [models.Index(fields=["service", "resolved_at"], name="incident_of_service_by_time")]

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


class ServiceWeek(models.Model):
    """One service in one ISO week of the organisation's zone, so that any group of services can be pooled exactly.

    Times are kept as arrays of seconds and days as arrays of dates: a group's median is the median of all its rows,
    never an average of medians.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="weeks")
    monday = models.DateField()
    zone = models.CharField(max_length=60)
    deployments = models.PositiveIntegerField(default=0)
    deploy_days = ArrayField(models.DateField(), default=list)
    failed_attempts = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    rework = models.PositiveIntegerField(default=0)
    lead_seconds = ArrayField(models.FloatField(), default=list)
    left_out = models.PositiveIntegerField(default=0)
    restore_seconds = ArrayField(models.FloatField(), default=list)
    recovery_seconds = ArrayField(models.FloatField(), default=list)
    built_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "monday"], name="service_week_once")]
        indexes = [models.Index(fields=["monday"], name="service_week_by_week")]

    def __str__(self) -> str:
        return f"{self.service_id} in the week of {self.monday}"


class DirtyWeek(models.Model):
    """A moment of a service at which a fact changed: the week around it is to be counted again.

    Marks are appended and taken, never updated, so that a mark made while a week is being counted is not lost.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.service_id} at {self.at:%Y-%m-%d}"
