"""Teams in a tree of any depth, people, their memberships over time, and grants of a role over a subtree.

A membership or a grant is ended, never deleted: who was where, and who could do what, stays known. Writes go through
`actions.py`; who may see or do what is decided in `access.py` alone.
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import pghistory
import pgtrigger
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower
from django.urls import reverse
from tree_queries.fields import TreeNodeForeignKey
from tree_queries.query import TreeManager, TreeQuerySet

from .attrition import Stint


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """A log-in. The human being behind it is a Person."""

    username = None  # type: ignore[assignment]  # as Django's documentation has it
    email = models.EmailField("e-mail", unique=True)
    is_sample = models.BooleanField(default=False, help_text="Signed in by one button; only in the demo.")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]  # as Django's documentation has it

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_in_any_case")]

    def __str__(self) -> str:
        return self.get_full_name() or self.email


class TeamQuerySet(TreeQuerySet):
    def open(self) -> TeamQuerySet:
        return self.filter(closed_at=None)

    def delivering(self) -> TeamQuerySet:
        """Teams that own services and promises: everything but groups."""
        return self.exclude(kind=Team.Kind.GROUP)


class TeamManager(TreeManager.from_queryset(TeamQuerySet)):  # type: ignore[misc]  # of tree-queries
    """Depth and path only where they are asked for: they cost a recursive query."""

    _with_tree_fields = False


@pghistory.track(append_only=True)
class Team(models.Model):
    """A group of teams, a squad, an enabling team or a vendor; `parent` makes the tree."""

    class Kind(models.TextChoices):
        GROUP = "group", "Group of teams"
        SQUAD = "squad", "Squad"
        ENABLING = "enabling", "Enabling team"
        VENDOR = "vendor", "Vendor"

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=140, unique=True)
    kind = models.CharField(max_length=20, default=Kind.SQUAD)
    about = models.CharField(max_length=200, blank=True)
    parent = TreeNodeForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        verbose_name="part of",
    )
    position = models.PositiveIntegerField(default=0)
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = TeamManager()

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                F("parent"), Lower("name"), name="team_name_once_in_its_group", nulls_distinct=False
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="team_is_not_its_own_parent"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None) | Q(closed_at__isnull=False, closed_by__isnull=False),
                name="team_closed_at_and_by_together",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("teams:team", args=[self.slug])

    @property
    def is_group(self) -> bool:
        return self.kind == self.Kind.GROUP

    @property
    def kind_name(self) -> str:
        return self.Kind(self.kind).label if self.kind in self.Kind.values else self.kind


@pghistory.track(append_only=True)
class Person(models.Model):
    """Somebody who works here or with us. `user` is set once they may sign in."""

    name = models.CharField(max_length=120)
    email = models.EmailField("e-mail", blank=True)
    title = models.CharField(max_length=120, blank=True)
    user = models.OneToOneField(User, null=True, blank=True, on_delete=models.PROTECT, related_name="person")
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["name", "id"]
        verbose_name_plural = "people"
        constraints = [
            models.UniqueConstraint(Lower("email"), name="person_email_in_any_case", condition=~Q(email="")),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("teams:person", args=[self.pk])

    @property
    def initials(self) -> str:
        parts = [part for part in self.name.split() if part[:1].isalnum()]
        return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper() or "?"


class MembershipQuerySet(models.QuerySet["Membership"]):
    def true(self) -> MembershipQuerySet:
        """All but those entered by mistake, which stay in the table and count nowhere."""
        return self.exclude(end_reason=Membership.End.CORRECTED)

    def on(self, day: date) -> MembershipQuerySet:
        """Those in force on `day`; the last day is still a day in the team."""
        return self.true().filter(Q(ended_on=None) | Q(ended_on__gte=day), started_on__lte=day)

    def not_over_on(self, day: date) -> MembershipQuerySet:
        """Those in force on `day` and those that begin later."""
        return self.true().filter(Q(ended_on=None) | Q(ended_on__gte=day))

    def stints(self) -> list[Stint]:
        """The same rows as `attrition.py` reads them, those entered by mistake left out."""
        rows = self.true().values_list("person_id", "started_on", "ended_on", "level", "end_reason", "regretted")
        return [
            Stint(
                person=person,
                started_on=started_on,
                ended_on=ended_on,
                level=Membership.rank(level),
                separation=reason in Membership.SEPARATIONS,
                regretted=regretted,
            )
            for person, started_on, ended_on, level, reason, regretted in rows
        ]


@pghistory.track(append_only=True)
class Membership(models.Model):
    """A person in a team, from a day to a day (both included). A new role or level is a new row."""

    class Level(models.TextChoices):
        JUNIOR = "junior", "Junior"
        MIDDLE = "middle", "Middle"
        SENIOR = "senior", "Senior"
        STAFF = "staff", "Staff"
        PRINCIPAL = "principal", "Principal"

    class End(models.TextChoices):
        MOVED = "moved", "Moved to another team"
        PROMOTED = "promoted", "New role or level in the same team"
        RESIGNED = "resigned", "Resigned"
        DISMISSED = "dismissed", "Was let go"
        RETIRED = "retired", "Retired"
        CONTRACT = "contract", "Contract ended"
        CORRECTED = "corrected", "Entered by mistake"

    SENIOR_LEVELS = (Level.SENIOR, Level.STAFF, Level.PRINCIPAL)
    SEPARATIONS = (End.RESIGNED, End.DISMISSED, End.RETIRED, End.CONTRACT)

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=80)
    level = models.CharField(max_length=20, blank=True)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, blank=True)
    end_note = models.CharField(max_length=300, blank=True)
    regretted = models.BooleanField(default=False, help_text="We would have liked this person to stay.")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["-started_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("started_on")),
                name="membership_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None, end_reason="") | (Q(ended_on__isnull=False) & ~Q(end_reason="")),
                name="membership_end_has_a_reason",
            ),
            # the ids as ranges of one, since the embedded PostgreSQL has no btree_gist
            ExclusionConstraint(
                name="membership_once_at_a_time",
                expressions=[
                    (Func(F("person"), F("person"), template="int8range(%(expressions)s, '[]')"), "&&"),
                    (Func(F("team"), F("team"), template="int8range(%(expressions)s, '[]')"), "&&"),
                    (
                        Func(
                            "started_on",
                            "ended_on",
                            RangeBoundary(inclusive_lower=True, inclusive_upper=True),
                            function="daterange",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=~Q(end_reason="corrected"),  # what was entered by mistake leaves its days free
            ),
            models.CheckConstraint(
                condition=Q(regretted=False) | Q(end_reason__in=["resigned", "dismissed", "retired", "contract"]),
                name="membership_regretted_only_when_left",
            ),
        ]
        triggers = [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.person} in {self.team} since {self.started_on}"

    @classmethod
    def rank(cls, level: str) -> int:
        """1 for junior to 5 for principal; 0 when the level is not known."""
        return cls.Level.values.index(level) + 1 if level in cls.Level.values else 0

    @property
    def is_senior(self) -> bool:
        return self.level in self.SENIOR_LEVELS

    @property
    def is_separation(self) -> bool:
        return self.end_reason in self.SEPARATIONS

    @property
    def level_name(self) -> str:
        return self.Level(self.level).label if self.level in self.Level.values else self.level

    @property
    def end_name(self) -> str:
        return self.End(self.end_reason).label if self.end_reason in self.End.values else self.end_reason


class GrantQuerySet(models.QuerySet["Grant"]):
    def active(self) -> GrantQuerySet:
        return self.filter(revoked_at=None)


@pghistory.track(append_only=True)
class Grant(models.Model):
    """A role of a person over a team and everything below it, until it is revoked."""

    class Role(models.TextChoices):
        DIRECTOR = "director", "Director"
        MANAGER = "manager", "Engineering manager"
        CONTRIBUTOR = "contributor", "Contributor"
        EXECUTIVE = "executive", "Executive (reads only)"
        LEGAL = "legal", "Legal"
        ADMINISTRATOR = "administrator", "Administrator"

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=20)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="grants")
    granted_at = models.DateTimeField(auto_now_add=True)
    granted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering = ["person__name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role", "team"], condition=Q(revoked_at=None), name="grant_once_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None) | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="grant_revoked_at_and_by_together",
            ),
        ]
        triggers = [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.person}: {self.role_name} of {self.team}"

    @property
    def role_name(self) -> str:
        return self.Role(self.role).label if self.role in self.Role.values else self.role
