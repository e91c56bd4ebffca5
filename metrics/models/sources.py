"""Where facts come from: sources with their credentials and hooks, and the services that they speak of, with owners."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.urls import reverse

from teams.kept import append_only
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
    credential = models.CharField(max_length=64, blank=True)  # which secret it is, without telling it
    hook = models.UUIDField(
        db_default=RandomUUID(), unique=True, editable=False
    )  # the last part of its webhook's address
    heard_at = models.DateTimeField(null=True, blank=True)  # the newest delivery whose signature held
    refused_at = models.DateTimeField(null=True, blank=True)  # and the newest that was refused, and why
    refused_why = models.CharField(max_length=300, blank=True)

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


class HookSecret(models.Model):
    """What signs a source's deliveries. While it is changed several hold at once; a retired one holds no more."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="hook_secrets")
    secret = models.BinaryField(editable=False)  # encrypted
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    used_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(retired_at=None, retired_by=None) | Q(retired_at__isnull=False, retired_by__isnull=False),
                name="hook_secret_retired_at_and_by_together",
            ),
        ]

    def __str__(self) -> str:
        return f"Secret of {self.source_id}, {self.created_at:%Y-%m-%d}"


class Credential(models.Model):
    """How a provider limits one token, whichever sources use it. `digest` is keyed: it does not tell the token."""

    digest = models.CharField(max_length=64, unique=True)
    blocked_until = models.DateTimeField(null=True, blank=True)
    hits = models.PositiveIntegerField(default=0)  # limits met one after the other

    def __str__(self) -> str:
        return self.digest[:8]


class Service(models.Model):
    """A deployable thing owned by one squad. `name` is the provider's; "" is a source's only service.

    `team` is the owner now; who owned it when is in `ServiceOwner`, whose first row the database writes itself.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="services")
    name = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="services")

    class Meta:
        ordering = ["title", "id"]
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="service_once_in_a_source")]
        triggers = [
            pgtrigger.Trigger(
                name="service_has_an_owner",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                func="INSERT INTO metrics_serviceowner (service_id, team_id, at, by_name) "
                "VALUES (NEW.id, NEW.team_id, now(), ''); RETURN NEW;",
            )
        ]

    def __str__(self) -> str:
        return self.title


class ServiceOwner(models.Model):
    """From the day `since` on `team` owns the service, whatever was said before; None: from the beginning.

    A day and no instant: a hand-over is agreed in days, and a day stays the same day when the organisation moves to
    another zone. What holds follows from the rows of a service in the order of their ids, see `owners.py`.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="owners")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    since = models.DateField(null=True)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")  # None: as it was first read
    by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["service", "-id"], name="owners_of_service")]
        constraints = [
            models.CheckConstraint(
                condition=Q(by__isnull=False) | Q(since=None, by_name=""), name="service_owner_is_signed"
            ),
        ]
        triggers = append_only("service_owner")

    def __str__(self) -> str:
        return f"{self.service_id} is of {self.team_id} since {self.since or 'the beginning'}"
