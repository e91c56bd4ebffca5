"""How reports leave the house: schedules, deliveries with what became of them, addresses that refused, and links.

Deliveries and openings of links are appended; only the state of a delivery moves on. A schedule, a bounce and a link
are ended, cleared or revoked, never deleted.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from teams.models import Person, Team, User

from .reports import Report

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Schedule(models.Model):
    """A report that goes out by itself: every week on a day at a time in the organisation's zone."""

    class Way(models.TextChoices):
        EMAIL = "email", "E-mail"
        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="report_schedules")
    audience = models.CharField(max_length=20)
    way = models.CharField(max_length=20, default=Way.EMAIL)
    address_secret = models.BinaryField(null=True, blank=True)  # incoming webhook, encrypted; None for e-mail
    people = models.ManyToManyField(Person, blank=True, related_name="report_schedules")
    weekday = models.PositiveSmallIntegerField(default=1)  # ISO: 1 is Monday
    at_time = models.TimeField()
    attach_pdf = models.BooleanField(default=True)
    attach_pptx = models.BooleanField(default=False)
    attach_xlsx = models.BooleanField(default=False)
    needs_review = models.BooleanField(default=True)  # a draft waits for somebody's word; False: sent as computed
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_why = models.CharField(max_length=300, blank=True)  # when it paused itself
    ended_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)  # None while paused or ended
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    is_sample = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="report_schedule_weekday_1_to_7"),
        ]

    def __str__(self) -> str:
        return f"{self.team}, {self.audience}, day {self.weekday} at {self.at_time:%H:%M}"

    @property
    def day_name(self) -> str:
        return WEEKDAYS[self.weekday - 1]

    @property
    def way_name(self) -> str:
        return self.Way(self.way).label


class Delivery(models.Model):
    """One report to one address by one way: made once, tried until it is there or given up."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        REFUSED = "refused", "Refused"
        GIVEN_UP = "given_up", "Given up"
        UNCLEAR = "unclear", "Perhaps sent"  # handed over, and nobody heard the answer: a person decides

    NOTICE = "notice"  # the way of a mail that says that a draft waits: no report goes with it

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="deliveries")
    schedule = models.ForeignKey(Schedule, null=True, blank=True, on_delete=models.PROTECT, related_name="deliveries")
    audience = models.CharField(max_length=20)
    way = models.CharField(max_length=20)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    to = models.CharField(max_length=254)  # address, or the host of a webhook
    state = models.CharField(max_length=20, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)  # somebody is at it
    handed_at = models.DateTimeField(null=True, blank=True)  # the other side may have it from here on
    message_id = models.CharField(max_length=200, blank=True)
    content_hash = models.CharField(max_length=64)
    error = models.CharField(max_length=500, blank=True)  # the last one, in words
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "deliveries"
        indexes = [models.Index(fields=["next_try_at"], condition=Q(state="waiting"), name="report_delivery_due")]
        constraints = [
            models.UniqueConstraint(fields=["report", "audience", "way", "to"], name="report_is_delivered_once"),
            models.CheckConstraint(
                condition=Q(state__in=["sent", "refused", "given_up", "unclear"], done_at__isnull=False)
                | Q(state="waiting", done_at=None),
                name="report_delivery_done_at_when_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} to {self.to}: {self.state}"

    @property
    def state_name(self) -> str:
        return self.State(self.state).label


class Bounce(models.Model):
    """An address that a mail server refused for good; nothing is sent there until somebody clears it."""

    address = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)
    delivery = models.ForeignKey(Delivery, null=True, blank=True, on_delete=models.PROTECT, related_name="bounces")
    at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["address"], condition=Q(cleared_at=None), name="bounce_open_once"),
            models.CheckConstraint(
                condition=Q(cleared_at=None, cleared_by=None) | Q(cleared_at__isnull=False, cleared_by__isnull=False),
                name="bounce_cleared_at_and_by_together",
            ),
        ]

    def __str__(self) -> str:
        return self.address


class ShareLink(models.Model):
    """A way to read one report without signing in. Only the hash of its token is kept."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="links")
    audience = models.CharField(max_length=20)
    label = models.CharField(max_length=120, blank=True)  # for whom it was made
    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    most_openings = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="share_link_expires_later"),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None) | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="share_link_revoked_at_and_by_together",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} for {self.label or 'anybody with the link'}"


class LinkDay(models.Model):
    """How often a link was opened on one day."""

    link = models.ForeignKey(ShareLink, on_delete=models.PROTECT, related_name="days")
    day = models.DateField()
    openings = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["link", "day"], name="link_day_once")]

    def __str__(self) -> str:
        return f"{self.link}, {self.day}: {self.openings}"
