"""Time in teams: joining, another role, another team, leaving, and correcting what was mistyped."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError

from teams import actions
from teams.models import Membership, Person, User
from tests.personas import Organisation

DAY = timedelta(days=1)


def test_a_newcomer_enters_the_records_by_joining(organisation: Organisation, installer: User, today: date) -> None:
    row = actions.join(
        person=actions.Newcomer("Li Wei", "li.wei@example.org"),
        team=organisation.squad_b,
        role=" Engineer ",
        level="junior",
        started_on=today,
        by=installer,
    )
    assert (row.person.name, row.role, row.person.created_by) == ("Li Wei", "Engineer", installer)


def test_a_newcomer_whose_e_mail_is_taken_leaves_nothing_behind(
    organisation: Organisation, installer: User, engineer: Membership, today: date
) -> None:
    people = Person.objects.count()
    newcomer = actions.Newcomer("Somebody", "DANIEL.okafor@example.org")
    with pytest.raises(actions.Taken) as refusal:
        actions.join(person=newcomer, team=organisation.squad_b, role="Engineer", started_on=today, by=installer)
    assert refusal.value.field == "email"
    assert Person.objects.count() == people


def test_overlapping_time_in_one_team_is_refused_and_nothing_is_lost(
    organisation: Organisation, installer: User, engineer: Membership, today: date
) -> None:
    with pytest.raises(actions.WrongDay, match="Daniel Okafor is in Squad A") as refusal:
        actions.join(
            person=engineer.person, team=organisation.squad_a, role="Lead", started_on=today - DAY, by=installer
        )
    assert refusal.value.field == "started_on"
    assert list(Membership.objects.values_list("role", flat=True)) == ["Backend engineer"]


def test_one_person_may_be_in_two_teams_at_once(
    organisation: Organisation, installer: User, engineer: Membership, today: date
) -> None:
    actions.join(person=engineer.person, team=organisation.squad_b, role="Reviewer", started_on=today, by=installer)
    assert Membership.objects.on(today).filter(person=engineer.person).count() == 2


def test_a_new_role_ends_the_old_row_the_day_before(installer: User, engineer: Membership, today: date) -> None:
    new = actions.change_role(membership=engineer, role="Tech lead", level="staff", starts_on=today, by=installer)
    engineer.refresh_from_db()
    assert (engineer.ended_on, engineer.end_reason) == (today - DAY, "promoted")
    assert (new.team, new.role, new.level, new.ended_on) == (engineer.team, "Tech lead", "staff", None)


def test_the_same_role_again_is_no_change(installer: User, engineer: Membership, today: date) -> None:
    with pytest.raises(actions.ActionError, match="role and level of today"):
        actions.change_role(membership=engineer, role="Backend engineer", level="senior", starts_on=today, by=installer)


def test_a_change_before_the_first_day_is_refused(installer: User, engineer: Membership) -> None:
    with pytest.raises(actions.WrongDay) as refusal:
        actions.change_role(membership=engineer, role="Lead", level="", starts_on=engineer.started_on, by=installer)
    assert refusal.value.field == "starts_on"
    engineer.refresh_from_db()
    assert engineer.ended_on is None


def test_a_move_keeps_role_and_level_and_is_no_separation(
    organisation: Organisation, installer: User, engineer: Membership, today: date
) -> None:
    new = actions.move_person(membership=engineer, team=organisation.squad_b, starts_on=today, by=installer)
    engineer.refresh_from_db()
    assert engineer.end_reason == Membership.End.MOVED
    assert (new.team, new.role, new.level) == (organisation.squad_b, "Backend engineer", "senior")
    assert not any(stint.separation for stint in Membership.objects.all().stints())


def test_a_move_to_the_same_team_or_after_an_end_is_refused(
    organisation: Organisation, installer: User, engineer: Membership, today: date
) -> None:
    with pytest.raises(actions.ActionError, match="already"):
        actions.move_person(membership=engineer, team=organisation.squad_a, starts_on=today, by=installer)
    actions.leave(membership=engineer, last_day=today + 20 * DAY, reason="resigned", by=installer)
    with pytest.raises(actions.Over, match="has a last day"):
        actions.move_person(membership=engineer, team=organisation.squad_b, starts_on=today, by=installer)


def test_leaving_records_why_and_whether_it_is_regretted(installer: User, engineer: Membership, today: date) -> None:
    actions.leave(
        membership=engineer,
        last_day=today + 19 * DAY,
        reason="resigned",
        regretted=True,
        note="An offer we did not match",
        by=installer,
    )
    engineer.refresh_from_db()
    assert (engineer.end_reason, engineer.regretted, engineer.end_note) == (
        "resigned",
        True,
        "An offer we did not match",
    )
    assert engineer in Membership.objects.on(today + 19 * DAY)
    assert engineer not in Membership.objects.on(today + 20 * DAY)


def test_leaving_for_no_such_reason_is_refused(installer: User, engineer: Membership, today: date) -> None:
    with pytest.raises(actions.ActionError, match="Choose why"):
        actions.leave(membership=engineer, last_day=today, reason="moved", by=installer)


def test_leaving_ends_the_other_teams_too_when_asked(
    organisation: Organisation, installer: User, engineer: Membership, today: date
) -> None:
    second = actions.join(
        person=engineer.person, team=organisation.squad_b, role="Reviewer", started_on=today, by=installer
    )
    actions.leave(membership=engineer, last_day=today, reason="retired", also=[second], by=installer)
    assert not Membership.objects.filter(person=engineer.person, ended_on=None).exists()


def test_a_mistake_stays_in_the_table_counts_nowhere_and_frees_its_days(
    installer: User, engineer: Membership, today: date
) -> None:
    facts = actions.Facts(role="Platform engineer", level="staff", started_on=engineer.started_on)
    right = actions.correct_membership(membership=engineer, note="Wrong title", facts=facts, by=installer)
    engineer.refresh_from_db()
    assert (engineer.end_reason, engineer.end_note) == ("corrected", "Wrong title")
    assert list(Membership.objects.on(today)) == [right]
    assert len(Membership.objects.all().stints()) == 1


def test_a_correction_keeps_why_somebody_left(installer: User, engineer: Membership, today: date) -> None:
    actions.leave(membership=engineer, last_day=today, reason="resigned", regretted=True, note="Moved", by=installer)
    facts = actions.Facts("Backend engineer", "senior", engineer.started_on, today - DAY)
    right = actions.correct_membership(membership=engineer, note="A day too late", facts=facts, by=installer)
    assert right is not None
    assert (right.ended_on, right.end_reason, right.regretted, right.end_note) == (
        today - DAY,
        "resigned",
        True,
        "Moved",
    )


def test_a_departure_that_did_not_happen_is_taken_back_by_a_correction(
    installer: User, engineer: Membership, today: date
) -> None:
    actions.leave(membership=engineer, last_day=today, reason="resigned", by=installer)
    facts = actions.Facts("Backend engineer", "senior", engineer.started_on)
    right = actions.correct_membership(membership=engineer, note="She stays", facts=facts, by=installer)
    assert right in Membership.objects.on(today + DAY)


def test_what_never_was_is_taken_out_and_only_once(installer: User, engineer: Membership, today: date) -> None:
    assert actions.correct_membership(membership=engineer, note="Another Daniel", by=installer) is None
    assert not Membership.objects.on(today).exists()
    with pytest.raises(actions.Over):
        actions.correct_membership(membership=engineer, note="Again", by=installer)


def test_a_membership_cannot_be_deleted(engineer: Membership) -> None:
    with pytest.raises(DatabaseError, match="Cannot delete"):
        engineer.delete()


def test_a_verb_without_its_actor_is_a_fault_in_the_program(engineer: Membership, today: date) -> None:
    with pytest.raises(TypeError, match="needs by="):
        actions.leave(membership=engineer, last_day=today, reason="resigned")  # type: ignore[call-arg]
