"""Reports: what leaders were told, in which words, by which way and when. What was sent never changes.

A report is a draft on kept facts; its words are edited by appending. Once sent it stays as it is: a later one takes its
place and says so. How reports leave the house is in `deliveries.py`.
"""

from __future__ import annotations

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.urls import reverse

from delivery.models.kept import append_only
from teams.models import Team, User


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
