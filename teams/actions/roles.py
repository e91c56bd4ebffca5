"""Who may do what, and who may sign in. Somebody must always remain who can grant roles over each top team."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from teams import login
from teams.access import RIGHTS, Right
from teams.models import Grant, Person, Team, User

from .rules import ROLES, ActionError, LastKey, Over, Taken, action, lock, must_be_open, refusing

_KEYS = [role for role, rights in RIGHTS.items() if Right.ACCESS in rights]  # roles that can grant roles


@action
def grant(*, person: Person, role: str, team: Team, by: User) -> Grant:
    """`role` for `person` over `team` and all below. Raises Taken when they have it, Over when the team is closed."""
    if role not in Grant.Role.values:
        raise ActionError("Choose one of the roles in the list.", field="role")
    must_be_open(Team.objects.get(pk=team.pk), field="team")
    has = Taken(f"{person.name} is {Grant.Role(role).label.lower()} of {team.name} already.", field="role")
    with refusing(grant_once_at_a_time=has):
        return Grant.objects.create(person=person, role=role, team=team, granted_by=by)


@action
def revoke(*, grant: Grant, by: User) -> Grant:
    """The grant, ended now. Raises Over when it was, LastKey when nobody else could grant roles over a top team."""
    lock(ROLES)
    grant = Grant.objects.select_for_update(of=("self",)).select_related("person", "team").get(pk=grant.pk)
    if grant.revoked_at is not None:
        raise Over(f"{grant.person.name} no longer has this role.")
    _keep_a_key(grant.person, [grant])
    grant.revoked_at, grant.revoked_by = timezone.now(), by
    grant.save(update_fields=["revoked_at", "revoked_by"])
    return grant


@action
def give_login(*, person: Person, by: User, request: HttpRequest) -> User:
    """The log-in of `person`, made or opened again, and a mail on its way with which they choose a password.

    Raises ActionError without an e-mail, Taken when the e-mail signs somebody else in, Over when they have a password.
    """
    person = Person.objects.select_for_update().get(pk=person.pk)
    if not person.email:
        raise ActionError(f"{person.name} has no e-mail address. Add one first.", field="email")
    user = person.user
    if user is None:
        if User.objects.filter(email__iexact=person.email).exists():
            raise Taken(f"{person.email} signs somebody else in. Give {person.name} another e-mail.", field="email")
        first, _, last = person.name.partition(" ")
        user = User.objects.create_user(person.email, first_name=first, last_name=last)
        person.user = user
        person.save(update_fields=["user"])
    elif user.is_active and user.has_usable_password():
        raise Over(f"{person.name} can sign in. A forgotten password is renewed on the sign-in page.")
    elif not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
    made = user
    transaction.on_commit(lambda: login.send_password_mail(request, made))
    return user


@action
def stop_login(*, person: Person, by: User) -> User:
    """The log-in, shut: sessions end with their next request. Raises Over, ActionError for one's own, LastKey."""
    lock(ROLES)
    user = User.objects.select_for_update().filter(person=person).first()
    if user is None or not user.is_active:
        raise Over(f"{person.name} cannot sign in.")
    if user == by:
        raise ActionError("You cannot shut yourself out. Ask another administrator.")
    _keep_a_key(person, list(person.grants.active().select_related("person", "team")))
    user.is_active = False
    user.save(update_fields=["is_active"])
    return user


def _keep_a_key(person: Person, grants: list[Grant]) -> None:
    """Raise LastKey when, without `grants` of `person`, nobody with a log-in could grant roles over one of the tops."""
    if person.user is None or not person.user.is_active:
        return  # nobody signs in with these
    for held in grants:
        if held.team.parent_id is not None or held.role not in _KEYS:
            continue
        others = Grant.objects.active().filter(team=held.team, role__in=_KEYS, person__user__is_active=True)
        if not others.exclude(pk__in=[one.pk for one in grants]).exists():
            raise LastKey(
                f"{person.name} is the last who can grant roles over {held.team.name}. "
                "Make somebody else director or administrator first."
            )
