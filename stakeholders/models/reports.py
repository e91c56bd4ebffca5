"""Reports: what leaders were told, in which words, by which way and when. What was sent never changes.

A report is a draft on kept facts; its words are edited by appending. Once sent it stays as it is: a later one takes its
place and says so. Deliveries, openings of links and steps are appended; only the state of a delivery moves on.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.urls import reverse

from delivery.models.kept import append_only
from teams.models import Person, Team, User

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ReportQuerySet(models.QuerySet["Report"]):
    def with_state(self) -> ReportQuerySet:
        """Annotates `state` and `state_at`, from the newest step."""
        newest = ReportStep.objects.filter(report=OuterRef("pk")).order_by("-pk")
        return self.annotate(state=Subquery(newest.values("step")[:1]), state_at=Subquery(newest.values("at")[:1]))


class Paper(models.TextChoices):
    A4 = "a4", "A4"
    LETTER = "us-letter", "Letter"


class ReportStyle(models.Model):
    """The paper and the logo of the reports of a team and all below it that have no newer one of their own.

    The newest row of a team counts; a report keeps the row that it was drafted with, so that it always looks the same.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="report_styles")
    paper = models.CharField(max_length=20, default=Paper.A4)
    logo = models.BinaryField(null=True, blank=True)  # PNG or JPEG as `logos.check` made it
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        triggers = append_only("report_style")

    def __str__(self) -> str:
        return f"{self.team}: {self.paper}"


class Report(models.Model):
    """One week of a scope told to somebody: the facts as they were known at `as_of`, whole."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="reports")
    monday = models.DateField()  # of the week that it tells of
    facts = models.JSONField()  # `reports.facts.FactBase`
    facts_hash = models.CharField(max_length=64)
    as_of = models.DateTimeField()
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    paper = models.CharField(max_length=20, default=Paper.A4)
    style = models.ForeignKey(ReportStyle, null=True, blank=True, on_delete=models.PROTECT, related_name="reports")
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")  # None: a schedule
    created_by_name = models.CharField(max_length=150)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["team", "-id"], name="report_newest")]
        triggers = append_only("report")

    def __str__(self) -> str:
        return f"{self.code}, {self.team}, week of {self.monday}"

    def get_absolute_url(self) -> str:
        return reverse("stakeholders:report", args=[self.pk])

    @property
    def code(self) -> str:
        return f"RP-{self.pk:03d}"


class ReportWords(models.Model):
    """Words of a report that somebody wrote in place of the computed ones; the newest row of a key counts."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="words")
    key = models.CharField(max_length=80)
    words = models.TextField(max_length=2000, blank=True)  # "": back to the computed ones
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "report words"
        triggers = append_only("report_words")

    def __str__(self) -> str:
        return f"{self.report}: {self.key}"


class ReportStep(models.Model):
    """Draft, reviewed, sent or put aside. `content_hash` binds a review and a sending to the words and facts."""

    class Step(models.TextChoices):
        DRAFT = "draft", "Draft"
        REVIEWED = "reviewed", "Reviewed"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "Put aside"

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="steps")
    step = models.CharField(max_length=20)
    content_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["report"], condition=Q(step="sent"), name="report_is_sent_once"),
        ]
        triggers = append_only("report_step")

    def __str__(self) -> str:
        return f"{self.report}: {self.step}"


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


class Delivery(models.Model):
    """One report to one address by one way: made once, tried until it is there or given up."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        REFUSED = "refused", "Refused"
        GIVEN_UP = "given_up", "Given up"
        UNCLEAR = "unclear", "Perhaps sent"  # handed over, and nobody heard the answer: a person decides

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


class Rendering(models.Model):
    """A report in one form for one audience, made once by a worker; its bytes are a cache and can be made again."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being made"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="renderings")
    audience = models.CharField(max_length=20)
    form = models.CharField(max_length=20)  # "pdf", "pptx", "xlsx", "md", "html", "txt", "json"
    content_hash = models.CharField(max_length=64)  # of the document that it was made from
    state = models.CharField(max_length=20, default=State.WAITING)
    body = models.BinaryField(null=True, blank=True)
    body_hash = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "audience", "form", "content_hash"], name="rendering_of_a_content_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} as {self.form}: {self.state}"
