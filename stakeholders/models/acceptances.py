"""Acceptances of risk in writing: versions of the text, who must sign, the signatures, and what ended them.

A version is never edited: another wording, another day of expiry or other signers are a new version, which is signed
anew. A signature holds what was shown, whole, and is bound to it and to the signature before it.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.urls import reverse

from delivery.models import Commitment
from delivery.models.kept import append_only
from teams.models import Person, Team, User

from .decisions import Decision
from .risks import Risk


class Acceptance(models.Model):
    """A risk that somebody asks others to live with. What it says stands in its versions."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="acceptances")
    risk = models.ForeignKey(Risk, null=True, blank=True, on_delete=models.PROTECT, related_name="acceptances")
    decision = models.ForeignKey(Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="acceptances")
    commitments = models.ManyToManyField(Commitment, blank=True, related_name="acceptances")
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Acceptance {self.code}"

    def get_absolute_url(self) -> str:
        return reverse("stakeholders:acceptance", args=[self.pk])

    @property
    def code(self) -> str:
        return f"A-{self.pk:03d}"


class AcceptanceVersion(models.Model):
    """What is asked, in words, until when, and by whom."""

    class Kind(models.TextChoices):
        ASKED = "asked", "Asked"
        REVISED = "revised", "Revised"
        RENEWED = "renewed", "Renewed"

    acceptance = models.ForeignKey(Acceptance, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, default=Kind.ASKED)
    title = models.CharField(max_length=200)
    statement = models.TextField(max_length=2000)
    could_happen = models.TextField(max_length=2000)
    how_likely = models.TextField(max_length=1000)
    cost_if = models.TextField(max_length=1000)
    until_then = models.TextField(max_length=2000)  # the controls that hold meanwhile
    instead_of = models.TextField(max_length=1000)
    reason = models.TextField(max_length=2000)
    residual = models.TextField(max_length=1000)  # the exposure that is left, in words
    expires_on = models.DateField()  # the last day on which it holds
    in_order = models.BooleanField(default=True)  # each signs after the one before
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["acceptance", "number"], name="acceptance_version_once")]
        triggers = append_only("acceptance_version")

    def __str__(self) -> str:
        return f"{self.acceptance}, version {self.number}"

    @property
    def kind_name(self) -> str:
        return self.Kind(self.kind).label if self.kind in self.Kind.values else self.kind


class Seat(models.Model):
    """One signature that is needed: from whom, and what it will mean."""

    class Role(models.TextChoices):
        REVIEWER = "reviewer", "Reviewer"
        DIRECTOR = "director", "Director"
        LEGAL = "legal", "Legal"

    class Meaning(models.TextChoices):
        REVIEW = "review", "Review"
        APPROVAL = "approval", "Approval"
        RESPONSIBILITY = "responsibility", "Responsibility"

    version = models.ForeignKey(AcceptanceVersion, on_delete=models.PROTECT, related_name="seats")
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=20)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="seats")
    meaning = models.CharField(max_length=20)
    words = models.CharField(max_length=300)  # "I accept this risk for delivery."

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="seat_position_once"),
            models.UniqueConstraint(fields=["version", "person"], name="seat_once_for_a_person"),
            models.CheckConstraint(
                condition=~Q(role="reviewer") | Q(person__isnull=False), name="seat_of_a_reviewer_is_named"
            ),
        ]
        triggers = append_only("seat")

    def __str__(self) -> str:
        return f"{self.person or self.role_name}, {self.meaning}"

    @property
    def role_name(self) -> str:
        return self.Role(self.role).label if self.role in self.Role.values else self.role

    @property
    def meaning_name(self) -> str:
        return self.Meaning(self.meaning).label if self.meaning in self.Meaning.values else self.meaning


class Signature(models.Model):
    """Somebody signed what was shown. Name and title are printed as they were; `shown` is the text itself.

    `digest` covers every column but the seal; `seal` is its HMAC with a key that is not in the database.
    """

    acceptance = models.ForeignKey(Acceptance, on_delete=models.PROTECT, related_name="signatures")
    version = models.ForeignKey(AcceptanceVersion, on_delete=models.PROTECT, related_name="signatures")
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="signatures")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="signatures")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    printed_name = models.CharField(max_length=150)
    printed_title = models.CharField(max_length=150, blank=True)
    role = models.CharField(max_length=20)
    meaning = models.CharField(max_length=20)
    words = models.CharField(max_length=300)
    at = models.DateTimeField()
    shown = models.TextField()  # canonical JSON
    content_hash = models.CharField(max_length=64)  # SHA-256 of `shown`
    previous = models.CharField(max_length=64, blank=True)  # digest of the signature before it on this acceptance
    digest = models.CharField(max_length=64)
    seal = models.CharField(max_length=64)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["acceptance", "previous"], name="signature_follows_one"),
            models.UniqueConstraint(fields=["version", "person", "content_hash"], name="signature_once_for_a_text"),
        ]
        triggers = append_only("signature")

    def __str__(self) -> str:
        return f"{self.printed_name} signed {self.acceptance}"

    @property
    def meaning_name(self) -> str:
        return Seat.Meaning(self.meaning).label if self.meaning in Seat.Meaning.values else self.meaning

    @property
    def short(self) -> str:
        """As pages show a digest."""
        return f"{self.digest[:6]}…{self.digest[-4:]}"


class Revocation(models.Model):
    """Somebody took an acceptance back. It ends for good; a new one is asked for instead."""

    acceptance = models.OneToOneField(Acceptance, on_delete=models.PROTECT, related_name="revocation")
    why = models.CharField(max_length=1000)
    at = models.DateTimeField()
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=150)

    class Meta:
        triggers = append_only("revocation")

    def __str__(self) -> str:
        return f"{self.acceptance} revoked"


class FailedSigning(models.Model):
    """A password that was wrong at the moment of signing; a few of them hold signing up for a while."""

    acceptance = models.ForeignKey(Acceptance, on_delete=models.PROTECT, related_name="failures")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["by", "-at"], name="failed_signing_newest")]
        triggers = append_only("failed_signing")

    def __str__(self) -> str:
        return f"{self.by} could not sign {self.acceptance}"
