"""People and their time in teams: joining, changing role, moving, leaving, and putting right what was mistyped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from allauth.account.models import EmailAddress

from teams.models import Membership, Person, Team, User

from .rules import ActionError, Over, Taken, WrongDay, action, in_words, must_be_open, refusing

_DAY = timedelta(days=1)
End = Membership.End


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who is not in the records yet."""

    name: str
    email: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a membership should have said. `ended_on` None: still in the team."""

    role: str
    level: str
    started_on: date
    ended_on: date | None = None


@action
def add_person(*, name: str, by: User, email: str = "", title: str = "", is_sample: bool = False) -> Person:
    """Somebody new, in no team yet and without a log-in. Raises Taken when the e-mail is somebody else's."""
    with refusing(person_email_in_any_case=_email_taken(email)):
        return Person.objects.create(
            name=name.strip(), email=email.strip(), title=title.strip(), is_sample=is_sample, created_by=by
        )


@action
def edit_person(*, person: Person, by: User, name: str, email: str, title: str = "") -> Person:
    """The person with another name, e-mail or title. Whoever can sign in does so with the new e-mail. Raises Taken."""
    person = Person.objects.select_for_update().get(pk=person.pk)
    user, email = person.user, email.strip()
    if user is not None and not email:
        raise ActionError(
            f"{person.name} signs in with an e-mail address. Write one, or stop the log-in first.",
            field="email",
        )
    person.name, person.email, person.title = name.strip(), email, title.strip()
    with refusing(person_email_in_any_case=_email_taken(email), user_email_in_any_case=_email_taken(email)):
        person.save(update_fields=["name", "email", "title"])
        if user is not None:
            if user.email != email:
                EmailAddress.objects.filter(user=user).delete()  # proven for the old address only
            user.email = email
            user.first_name, _, user.last_name = person.name.partition(" ")
            with refusing(teams_user_email_key=_email_taken(email)):
                user.save(update_fields=["email", "first_name", "last_name"])
    return person


@action
def join(
    *, person: Person | Newcomer, team: Team, role: str, started_on: date, by: User, level: str = ""
) -> Membership:
    """A membership from `started_on`; a newcomer enters the records with it or not at all.

    Raises WrongDay when the person is in the team then, Over when it is closed, Taken for a newcomer's e-mail.
    """
    team = Team.objects.select_for_update().get(pk=team.pk)  # it cannot be closed meanwhile
    must_be_open(team, field="team")
    if isinstance(person, Newcomer):
        person = add_person(name=person.name, email=person.email, title=person.title, by=by)
    return _new(person=person, team=team, role=role, level=level, started_on=started_on, by=by)


@action
def change_role(*, membership: Membership, role: str, level: str, starts_on: date, by: User) -> Membership:
    """The membership with the new role or level, from `starts_on`; the old one ends the day before."""
    membership = _current(membership)
    if (role.strip(), level) == (membership.role, membership.level):
        raise ActionError("That is the role and level of today. Choose another, or go back.", field="role")
    _end(membership, starts_on - _DAY, End.PROMOTED, field="starts_on")
    return _new(
        person=membership.person,
        team=membership.team,
        role=role,
        level=level,
        started_on=starts_on,
        by=by,
        field="starts_on",
    )


@action
def move_person(
    *, membership: Membership, team: Team, starts_on: date, by: User, role: str = "", level: str | None = None
) -> Membership:
    """The membership in `team` from `starts_on`, with the old role and level unless others are given."""
    membership = _current(membership)
    team = Team.objects.select_for_update().get(pk=team.pk)
    if team == membership.team:
        raise ActionError(f"{membership.person.name} is in {team.name} already. Choose another team.", field="team")
    must_be_open(team, field="team")
    _end(membership, starts_on - _DAY, End.MOVED, field="starts_on")
    return _new(
        person=membership.person,
        team=team,
        role=role.strip() or membership.role,
        level=membership.level if level is None else level,
        started_on=starts_on,
        by=by,
        field="starts_on",
    )


@action
def leave(
    *,
    membership: Membership,
    last_day: date,
    reason: str,
    by: User,
    regretted: bool = False,
    note: str = "",
    also: Iterable[Membership] = (),
) -> Membership:
    """The membership, ended after `last_day`, which may lie ahead; `also` ends others of the same person with it."""
    if reason not in Membership.SEPARATIONS:
        raise ActionError("Choose why: resigned, let go, retired, or contract ended.", field="reason")
    for one in sorted({membership, *also}, key=lambda row: row.pk):
        if one.person_id != membership.person_id:
            raise ActionError("Only memberships of one person end together.")
        _end(_current(one), last_day, End(reason), field="last_day", note=note, regretted=regretted)
    membership.refresh_from_db()
    return membership


@action
def correct_membership(*, membership: Membership, by: User, note: str, facts: Facts | None = None) -> Membership | None:
    """What was entered by mistake stays in the table, counts nowhere, and `facts` stand in its place (None: nothing).

    If it had ended, the reason is kept as long as `facts` have a last day. Raises WrongDay when the right days meet
    another membership in the team.
    """
    old = Membership.objects.select_for_update().select_related("person", "team").get(pk=membership.pk)
    if old.end_reason == End.CORRECTED:
        raise Over("This was marked as a mistake before. Look at what stands in its place.")
    why, said, regretted = old.end_reason, old.end_note, old.regretted
    old.ended_on = old.ended_on or old.started_on
    old.end_reason, old.end_note, old.regretted = End.CORRECTED, note.strip(), False
    old.save(update_fields=["ended_on", "end_reason", "end_note", "regretted"])
    if facts is None:
        return None
    if facts.ended_on is not None and not why:
        raise ActionError("To record a last day, use “Leaves” or “Move”, which also ask why.", field="ended_on")
    if facts.ended_on is None:
        must_be_open(Team.objects.select_for_update().get(pk=old.team_id))
    right = _new(
        person=old.person,
        team=old.team,
        role=facts.role,
        level=facts.level,
        started_on=facts.started_on,
        by=by,
    )
    if facts.ended_on is not None:
        _end(right, facts.ended_on, End(why), field="ended_on", note=said, regretted=regretted)
    return right


def _current(membership: Membership) -> Membership:
    """The row as it is now, locked. Raises Over when an end is recorded."""
    row = Membership.objects.select_for_update(of=("self",)).select_related("person", "team").get(pk=membership.pk)
    if row.ended_on is not None:
        raise Over(
            f"{row.person.name}'s time in {row.team.name} has a last day, {in_words(row.ended_on)}: "
            f"{row.end_name.lower()}. If that is wrong, correct it."
        )
    return row


def _new(
    *,
    person: Person,
    team: Team,
    role: str,
    level: str,
    started_on: date,
    by: User,
    field: str = "started_on",
) -> Membership:
    clash = WrongDay(
        f"{person.name} is in {team.name} on {in_words(started_on)} or later already. "
        "Choose a day after that, or correct the earlier entry.",
        field=field,
    )
    with refusing(membership_once_at_a_time=clash):
        return Membership.objects.create(
            person=person, team=team, role=role.strip(), level=level, started_on=started_on, created_by=by
        )


def _end(
    membership: Membership,
    last_day: date,
    reason: End,
    *,
    field: str,
    note: str = "",
    regretted: bool = False,
) -> None:
    if last_day < membership.started_on:
        raise WrongDay(
            f"{membership.person.name} came to {membership.team.name} on {in_words(membership.started_on)}. "
            "Choose a later day, or correct that entry.",
            field=field,
        )
    membership.ended_on, membership.end_reason = last_day, reason
    membership.end_note, membership.regretted = note.strip(), regretted
    membership.save(update_fields=["ended_on", "end_reason", "end_note", "regretted"])


def _email_taken(email: str) -> Taken:
    return Taken(
        f"{email} belongs to somebody in the records already. Look them up, or use another e-mail.",
        field="email",
    )
