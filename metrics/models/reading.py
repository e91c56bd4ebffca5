"""The records that keep reading safe: where a stream stands and who reads it, and what was really said."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from .sources import Source


class Stream(models.Model):
    """One kind of fact from one source: where its reading stands, and which worker may move it.

    A worker takes the lease and raises `fence`; it may write only while the fence is still its own. `attempts` counts
    tries at the current page that never came back; `failures` counts those that came back with a reason.

    What is new is read in the lane "fresh"; a window of the past in the lane "backfill", which gives way to it. The
    kinds "open" and "derive" are our own: asking again for what is not over, and working facts out anew.
    """

    class Lane(models.TextChoices):
        FRESH = "fresh", "what is new"
        BACKFILL = "backfill", "the past"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="streams")
    kind = models.CharField(max_length=40)
    lane = models.CharField(max_length=10, default=Lane.FRESH)
    paused_at = models.DateTimeField(null=True, blank=True)  # a backfill that a person has stopped for now
    window_from = models.DateTimeField(null=True, blank=True)
    window_to = models.DateTimeField(null=True, blank=True)
    reached = models.DateTimeField(null=True, blank=True)  # how far back it has come
    ended_at = models.DateTimeField(null=True, blank=True)  # a backfill that is complete
    tried_at = models.DateTimeField(null=True, blank=True)  # when the last attempt began
    spared = models.PositiveIntegerField(default=0)  # attempts at this page that somebody else's end cut short
    bad_in_a_row = models.PositiveIntegerField(default=0)  # things that could not be read, one after the other
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
        constraints = [models.UniqueConstraint(fields=["source", "kind", "lane"], name="stream_once_in_a_lane")]
        indexes = [models.Index(fields=["due_at"], name="stream_due")]

    def __str__(self) -> str:
        return f"{self.source}: {self.kind}"


class WorkerStart(models.Model):
    """A worker began its work: what was being read just before may have been cut short by the end of another."""

    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"worker of {self.at:%Y-%m-%d %H:%M:%S}"


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


class Observed(models.Model):
    """What a provider once said about one thing. The facts of a thing follow from all its rows, in any order."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="observed")
    kind = models.CharField(max_length=40)
    thing = models.CharField(max_length=300)
    digest = models.BinaryField(max_length=16)
    body = models.BinaryField()  # compressed
    provider_updated_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "observed"
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "thing", "digest"], name="observed_once"),
        ]
        indexes = [
            models.Index(fields=["source", "received_at"], name="observed_by_age"),
            models.Index(fields=["source", "kind", "-provider_updated_at"], name="observed_newest_of_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.thing}"


class Puzzle(models.Model):
    """A thing that could not be understood: a dead letter of what was read. Mended by working it out again."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="puzzles")
    kind = models.CharField(max_length=40)
    thing = models.CharField(max_length=300)
    error = models.CharField(max_length=500)
    error_detail = models.TextField(blank=True)
    at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["source", "kind", "thing"], name="puzzle_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.thing}: {self.error}"


class OpenItem(models.Model):
    """A thing that is not over: asked for again by its id until it is."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="open_items")
    kind = models.CharField(max_length=40)
    thing = models.CharField(max_length=300)
    since = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "kind", "thing"], name="open_item_once")]
        indexes = [models.Index(fields=["source", "asked_at"], name="open_item_longest_unasked")]

    def __str__(self) -> str:
        return f"{self.kind} {self.thing}"


class KeptEtag(models.Model):
    """What a provider's page was like when it was last read, so that an unchanged one costs nothing."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="etags")
    url_digest = models.BinaryField(max_length=16)
    etag = models.CharField(max_length=300)
    meta = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "url_digest"], name="etag_once")]

    def __str__(self) -> str:
        return self.etag


class Inbox(models.Model):
    """An event that was pushed to us, kept raw. `key` makes the same delivery one row, for ever."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="inbox")
    key = models.CharField(max_length=200)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    pruned_at = models.DateTimeField(null=True, blank=True)  # its body is gone; the key stays for ever
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
