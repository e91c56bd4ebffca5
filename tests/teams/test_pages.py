"""The pages, by the door a user uses: what each shows to whom, and what a refused form keeps."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from teams import actions
from teams.models import Grant, Membership, Person, Team, User
from tests.personas import Organisation, somebody

DAY = timedelta(days=1)


def test_a_visitor_is_sent_to_the_log_in(client, organisation: Organisation) -> None:  # type: ignore[no-untyped-def]
    assert client.get("/teams/squad-a/").url.startswith("/accounts/login/")


def test_a_manager_sees_no_team_but_their_own(manager_a: Person, page_of) -> None:  # type: ignore[no-untyped-def]
    html = page_of(manager_a).get("/teams/").content.decode()
    assert "Squad A" in html
    assert "Squad B" not in html
    assert "Integration Platform" not in html


def test_the_name_of_an_unseen_team_above_is_not_given_away(
    manager_a: Person,
    director: Person,
    page_of,  # type: ignore[no-untyped-def]
) -> None:
    html = page_of(manager_a).get("/teams/squad-a/").content.decode()
    assert "Maya Lindqvist" in html
    assert "a team above" in html
    assert "Product Engineering" not in html


def test_why_somebody_left_is_for_those_who_look_after_the_people(
    organisation: Organisation, engineer: Membership, manager_a: Person, executive: Person, page_of, today: date
) -> None:  # type: ignore[no-untyped-def]
    actions.leave(
        membership=engineer, last_day=today - DAY, reason="dismissed", note="A secret reason", by=manager_a.user
    )
    for address in ("/teams/squad-a/", f"/people/{engineer.person_id}/"):
        told = page_of(manager_a).get(address).content.decode()
        assert "A secret reason" in told
        assert "Was let go" in told
        untold = page_of(executive).get(address).content.decode()
        assert "Daniel Okafor" in untold
        assert "A secret reason" not in untold
        assert "let go" not in untold


def test_ones_own_page_does_not_say_what_was_noted(
    engineer: Membership,
    director: Person,
    page_of,
    today: date,  # type: ignore[no-untyped-def]
) -> None:
    user = User.objects.create_user("own@example.org", "a long password here")
    Person.objects.filter(pk=engineer.person_id).update(user=user)
    actions.leave(membership=engineer, last_day=today, reason="dismissed", note="A secret", by=director.user)
    person = Person.objects.get(pk=engineer.person_id)
    html = page_of(person).get(person.get_absolute_url()).content.decode()
    assert "Squad A" in html
    assert "A secret" not in html


def test_a_person_elsewhere_is_shown_without_the_teams_one_does_not_see(
    organisation: Organisation, engineer: Membership, manager_a: Person, director: Person, page_of, today: date
) -> None:  # type: ignore[no-untyped-def]
    actions.join(person=engineer.person, team=organisation.squad_m, role="Reviewer", started_on=today, by=director.user)
    html = page_of(manager_a).get(f"/people/{engineer.person_id}/").content.decode()
    assert "Squad A" in html
    assert "Squad M" not in html
    assert "Squad M" not in page_of(manager_a).get("/people/").content.decode()


def test_senior_retention_is_a_count(engineer: Membership, director: Person, page_of) -> None:  # type: ignore[no-untyped-def]
    html = " ".join(page_of(director).get("/teams/squad-a/").content.decode().split())
    assert '1 of 1 <span class="unit">stayed</span>' in html
    assert "too few for a percentage" in html


def test_a_director_adds_moves_edits_closes_and_reopens_a_team(
    organisation: Organisation,
    director: Person,
    page_of,  # type: ignore[no-untyped-def]
) -> None:
    browser = page_of(director)
    new = {"name": "Claims Intake", "kind": "squad", "parent": organisation.portal.pk, "about": "Claims"}
    answer = browser.post("/teams/add/", new, follow=True)
    assert "Claims Intake is added." in answer.content.decode()
    team = Team.objects.get(slug="claims-intake")
    browser.post("/teams/claims-intake/move/", {"parent": organisation.platform.pk})
    browser.post("/teams/claims-intake/edit/", {"name": "Claims", "kind": "enabling", "about": "", "position": 3})
    team.refresh_from_db()
    assert (team.name, team.kind, team.parent, team.position) == ("Claims", "enabling", organisation.platform, 3)
    browser.post("/teams/claims-intake/close/")
    team.refresh_from_db()
    assert team.closed_by == director.user
    listed = [row.team for row in browser.get("/teams/").context["rows"]]
    assert team not in listed
    assert team in [row.team for row in browser.get("/teams/?closed=1").context["rows"]]
    browser.post("/teams/claims-intake/reopen/")
    team.refresh_from_db()
    assert team.closed_at is None


def test_a_refused_form_keeps_what_was_typed_and_says_why(
    organisation: Organisation,
    director: Person,
    page_of,  # type: ignore[no-untyped-def]
) -> None:
    taken = {"name": "squad A", "kind": "vendor", "parent": organisation.platform.pk, "about": "Kept words"}
    answer = page_of(director).post("/teams/add/", taken)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "already has a team named squad A" in html
    assert 'value="Kept words"' in html
    assert '<option value="vendor" selected>' in html


def test_a_team_is_not_offered_what_is_below_it_and_a_forged_choice_is_refused(
    organisation: Organisation,
    director: Person,
    page_of,  # type: ignore[no-untyped-def]
) -> None:
    html = page_of(director).get("/teams/integration-platform/move/").content.decode()
    assert f'<option value="{organisation.portal.pk}"' in html
    assert f'<option value="{organisation.squad_a.pk}"' not in html
    forged = page_of(director).post("/teams/integration-platform/move/", {"parent": organisation.squad_a.pk})
    assert forged.status_code == 422


def test_only_the_installer_makes_a_team_at_the_top(organisation: Organisation, director: Person, page_of) -> None:  # type: ignore[no-untyped-def]
    answer = page_of(director).post("/teams/add/", {"name": "Rival", "kind": "group", "parent": ""})
    assert answer.status_code == 422


def test_who_directs_only_a_corner_cannot_take_it_out_of_its_group(
    organisation: Organisation,
    page_of,  # type: ignore[no-untyped-def]
) -> None:
    corner = somebody("Corner Director", "director", organisation.squad_a)
    Grant.objects.create(person=corner, role="director", team=organisation.portal)
    browser = page_of(corner)
    assert browser.get("/teams/squad-a/edit/").status_code == 200
    assert browser.get("/teams/squad-a/move/").status_code == 403
    Grant.objects.create(person=corner, role="executive", team=organisation.platform)
    assert browser.post("/teams/squad-a/move/", {"parent": organisation.portal.pk}).status_code == 403


def test_a_manager_adds_somebody_new_changes_their_role_and_lets_them_go(
    organisation: Organisation,
    manager_a: Person,
    page_of,
    today: date,  # type: ignore[no-untyped-def]
) -> None:
    browser = page_of(manager_a)
    start = today - 30 * DAY
    new = {"person": "", "name": "Li Wei", "email": "li@example.org", "role": "Engineer", "level": "middle"}
    browser.post("/teams/squad-a/join/", new | {"started_on": start.isoformat()})
    first = Membership.objects.get(person__name="Li Wei")
    browser.post(f"/memberships/{first.pk}/role/", {"role": "Lead", "level": "senior", "starts_on": today - 9 * DAY})
    second = Membership.objects.get(person__name="Li Wei", ended_on=None)
    assert (second.role, second.level) == ("Lead", "senior")
    browser.post(
        f"/memberships/{second.pk}/leave/",
        {"last_day": today + 9 * DAY, "reason": "resigned", "regretted": "on", "note": "Moves abroad"},
    )
    second.refresh_from_db()
    assert (second.ended_on, second.regretted) == (today + 9 * DAY, True)
    assert "Leaves" in browser.get("/teams/squad-a/").content.decode()


def test_joining_asks_for_one_person_and_not_two(
    organisation: Organisation, engineer: Membership, director: Person, page_of, today: date
) -> None:  # type: ignore[no-untyped-def]
    browser = page_of(director)
    basics = {"role": "Engineer", "level": "", "started_on": today}
    neither = browser.post("/teams/squad-b/join/", basics | {"person": "", "name": ""})
    assert "write the name of somebody new" in neither.content.decode()
    both = browser.post("/teams/squad-b/join/", basics | {"person": engineer.person_id, "name": "Li Wei"})
    assert both.status_code == 422
    assert browser.post("/teams/squad-b/join/", basics | {"person": engineer.person_id}).status_code == 302


def test_a_person_one_does_not_see_cannot_be_taken_into_ones_team(
    organisation: Organisation, engineer: Membership, outsider_manager: Person, page_of, today: date
) -> None:  # type: ignore[no-untyped-def]
    stolen = {"person": engineer.person_id, "role": "Engineer", "started_on": today}
    assert page_of(outsider_manager).post("/teams/squad-m/join/", stolen).status_code == 422
    elsewhere = {"team": organisation.squad_a.pk, "starts_on": today, "role": "Engineer"}
    own = actions.join(
        person=actions.Newcomer("Own"), team=organisation.squad_m, role="X", started_on=today - DAY,
        by=outsider_manager.user,
    )  # fmt: skip
    assert page_of(outsider_manager).post(f"/memberships/{own.pk}/move/", elsewhere).status_code == 422


def test_an_entry_is_corrected_from_the_page(engineer: Membership, manager_a: Person, page_of) -> None:  # type: ignore[no-untyped-def]
    facts = {"role": "Data engineer", "level": "staff", "started_on": engineer.started_on, "note": "Mistyped"}
    page_of(manager_a).post(f"/memberships/{engineer.pk}/correct/", facts)
    assert Membership.objects.get(ended_on=None).role == "Data engineer"
    html = page_of(manager_a).get(f"/people/{engineer.person_id}/").content.decode()
    assert "Entered by mistake" in html


def test_a_role_is_given_and_taken_back_from_the_pages(
    organisation: Organisation,
    engineer: Membership,
    administrator: Person,
    page_of,  # type: ignore[no-untyped-def]
) -> None:
    browser = page_of(administrator)
    browser.post("/teams/squad-a/grant/", {"person": engineer.person_id, "role": "manager"})
    held = Grant.objects.active().get(person=engineer.person)
    assert held.granted_by == administrator.user
    assert "Engineering manager" in browser.get("/teams/squad-a/").content.decode()
    browser.post(f"/grants/{held.pk}/revoke/")
    held.refresh_from_db()
    assert held.revoked_by == administrator.user
    assert browser.get(f"/grants/{held.pk}/revoke/").status_code == 404


def test_a_refused_act_says_what_to_do(director: Person, page_of) -> None:  # type: ignore[no-untyped-def]
    answer = page_of(director).post(f"/grants/{director.grants.get().pk}/revoke/")
    assert answer.status_code == 422
    assert "Make somebody else director or administrator first" in answer.content.decode()


def test_a_manager_cannot_change_the_address_of_somebody_with_a_role(
    organisation: Organisation,
    engineer: Membership,
    manager_a: Person,
    page_of,  # type: ignore[no-untyped-def]
) -> None:
    address = f"/people/{engineer.person_id}/edit/"
    page_of(manager_a).post(address, {"name": "Daniel Okafor", "email": "new@example.org", "title": ""})
    assert Person.objects.get(pk=engineer.person_id).email == "new@example.org"
    Grant.objects.create(person=engineer.person, role="director", team=organisation.root)
    page_of(manager_a).post(address, {"name": "Daniel O.", "email": "mine@example.org", "title": ""})
    person = Person.objects.get(pk=engineer.person_id)
    assert (person.name, person.email) == ("Daniel O.", "new@example.org")


def test_finding_a_team_shows_the_way_to_it(director: Person, page_of) -> None:  # type: ignore[no-untyped-def]
    browser = page_of(director)
    rows = browser.get("/teams/?q=squad a").context["rows"]
    assert [(row.team.name, row.depth, row.found) for row in rows] == [
        ("Product Engineering", 0, False),
        ("Integration Platform", 1, False),
        ("Squad A", 2, True),
    ]
    assert "No team matches" in browser.get("/teams/?q=nothing").content.decode()
    part = browser.get("/teams/?q=squad a", headers={"HX-Request": "true"}).content.decode()
    assert "Squad A" in part
    assert "<html" not in part


def test_somebody_without_a_role_is_told_so(stranger: Person, page_of) -> None:  # type: ignore[no-untyped-def]
    assert "You have no role over any team yet" in page_of(stranger).get("/teams/").content.decode()


def test_hundreds_of_teams_and_people_cost_the_same_queries(
    organisation: Organisation,
    director: Person,
    page_of,
    today: date,  # type: ignore[no-untyped-def]
) -> None:
    browser = page_of(director)
    addresses = ["/teams/", "/teams/integration-platform/", "/people/"]

    def queries() -> list[int]:
        counts = []
        for address in addresses:
            with CaptureQueriesContext(connection) as seen:
                assert browser.get(address).status_code == 200
            counts.append(len(seen))
        return counts

    queries()
    before = queries()
    for n in range(450):
        team = Team.objects.create(name=f"Team {n:03}", slug=f"t-{n}", parent=organisation.platform)
        person = Person.objects.create(name=f"Person {n}")
        Membership.objects.create(person=person, team=team, role="Engineer", started_on=today)
    assert queries() == before
    html = browser.get("/teams/").content.decode()
    assert "Show all 456" in html
    assert len(browser.get("/teams/").context["rows"]) == 400
    assert len(browser.get("/teams/?all=1").context["rows"]) == 456
    assert len(browser.get("/people/").context["page"]) == 50
    join = browser.get("/teams/squad-a/join/?q=Person 44")
    assert "Find somebody" in join.content.decode()
    assert "Person 449" in join.content.decode()


def test_somebody_promoted_is_no_former_member_and_a_planned_move_is_no_departure(
    organisation: Organisation, engineer: Membership, director: Person, page_of, today: date
) -> None:  # type: ignore[no-untyped-def]
    new = actions.change_role(
        membership=engineer, role="Lead", level="staff", starts_on=today - 9 * DAY, by=director.user
    )
    answer = page_of(director).get("/teams/squad-a/")
    assert list(answer.context["past"]) == []
    actions.move_person(membership=new, team=organisation.squad_b, starts_on=today + 9 * DAY, by=director.user)
    html = page_of(director).get("/teams/squad-a/").content.decode()
    assert "Moves after" in html
    assert "Daniel Okafor" in html
    assert "1, 0 coming" not in html
    assert page_of(director).get("/teams/squad-b/").context["member_words"] == "0, 1 coming"


def test_a_mistaken_entry_is_shown_only_to_those_who_look_after_the_people(
    engineer: Membership,
    manager_a: Person,
    executive: Person,
    page_of,  # type: ignore[no-untyped-def]
) -> None:
    actions.correct_membership(membership=engineer, note="Another Daniel", by=manager_a.user)
    address = f"/people/{engineer.person_id}/"
    assert "Entered by mistake" in page_of(manager_a).get(address).content.decode()
    assert "Entered by mistake" not in page_of(executive).get(address).content.decode()
