# ruff: noqa: F811 (fixtures are imported)
"""Requirements found late: a promise counts as delivered only when each is included, accepted or withdrawn."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from delivery.models import Commitment
from stakeholders.models import Requirement
from stakeholders.registers import actions
from tests.delivery.commitments import words

from .registers import Browser, Scene, scene, user_of

__all__ = ["scene"]
pytestmark = pytest.mark.django_db


def deliver(scene: Scene, page_of: Browser) -> str:
    """What the page says when somebody marks the API as delivered."""
    sent = {"on": scene.today, "actual_value": 7}
    answer = page_of(scene.asker).post(f"/commitment/{scene.api.pk}/deliver/", sent, follow=True)
    return words(answer.content.decode())


def is_delivered(scene: Scene) -> bool:
    return Commitment.objects.get(pk=scene.api.pk).delivered_on is not None


def by_hand(scene: Scene) -> None:
    """Past every verb, as SQL would."""
    with transaction.atomic():
        Commitment.objects.filter(pk=scene.api.pk).update(
            delivered_on=scene.today, delivered_by=user_of(scene.asker), started_on=scene.today
        )


def test_an_open_requirement_holds_its_promise_up_and_says_what_to_do(scene: Scene, page_of: Browser) -> None:
    row = scene.require()
    shown = deliver(scene, page_of)
    assert f"HIPAA asks for “Log who reads which record” ({row.code}), and nobody has decided on it" in shown
    assert "Include it in this release, or have it accepted first." in shown
    assert not is_delivered(scene)
    with pytest.raises(IntegrityError, match="neither included nor accepted"):
        by_hand(scene)


def test_including_it_settles_it_and_asks_for_a_new_estimate(scene: Scene, page_of: Browser) -> None:
    row = scene.require()
    browser = page_of(scene.asker)
    answer = browser.post(f"/requirement/{row.pk}/include/", {"words": "Three more days."}, follow=True)
    page = answer.content.decode()
    assert f"/commitment/{scene.api.pk}/estimate/" in page
    assert "Three more days." in page
    assert "did this on" in browser.post(f"/requirement/{row.pk}/include/", {"words": ""}).content.decode()
    assert "Delivered" in deliver(scene, page_of)
    assert is_delivered(scene)


def test_an_acceptance_settles_it_only_while_it_is_in_force(scene: Scene, page_of: Browser) -> None:
    row, acceptance = scene.require(), scene.ask()
    browser = page_of(scene.asker)
    assert browser.get(f"/requirement/{row.pk}/defer/").status_code == 200
    assert browser.post(f"/requirement/{row.pk}/defer/", {"acceptance": acceptance.pk}).status_code == 302
    assert f"but {acceptance.code} is not in force (0 of 3 signed)" in deliver(scene, page_of)
    scene.sign(acceptance, scene.reviewer, scene.director)
    with pytest.raises(IntegrityError, match="neither included nor accepted"):
        by_hand(scene)
    scene.sign(acceptance, scene.legal)
    assert "Accepted" in words(browser.get("/requirements/squad-a/").content.decode())
    actions.revoke_acceptance(acceptance=acceptance, why="The controls failed.", by=user_of(scene.legal))
    assert "is not in force" in deliver(scene, page_of)
    with pytest.raises(IntegrityError, match="neither included nor accepted"):
        by_hand(scene)
    assert not is_delivered(scene)
    again = scene.ask()
    scene.sign_all(again)
    actions.defer_requirement(requirement=row, acceptance=again, by=user_of(scene.asker))
    assert "Delivered" in deliver(scene, page_of)


def test_what_was_signed_for_another_date_does_not_settle_it(scene: Scene, page_of: Browser) -> None:
    from delivery import actions as promises

    row, acceptance = scene.require(), scene.ask()
    actions.defer_requirement(requirement=row, acceptance=acceptance, by=user_of(scene.asker))
    scene.sign_all(acceptance)
    promises.log_slip(
        commitment=scene.api, to_date=scene.on(27), reason="vendor", by=user_of(scene.asker),
        options=[promises.Proposal(title="Wait")],
    )  # fmt: skip
    assert "is not in force" in deliver(scene, page_of)


def test_it_is_withdrawn_with_a_reason_by_who_decides_and_reopened(scene: Scene, page_of: Browser) -> None:
    row = scene.require()
    assert page_of(scene.asker).post(f"/requirement/{row.pk}/withdraw/", {"why": "No"}).status_code == 403
    director = page_of(scene.director)
    assert director.post(f"/requirement/{row.pk}/withdraw/", {"why": " "}).status_code == 422
    assert director.post(f"/requirement/{row.pk}/withdraw/", {"why": "It does not apply to us."}).status_code == 302
    assert "It does not apply to us." in director.get(f"/requirement/{row.pk}/").content.decode()
    assert director.post(f"/requirement/{row.pk}/reopen/", {"why": "It does after all."}).status_code == 302
    assert "nobody has decided on it" in deliver(scene, page_of)


def test_one_that_comes_after_delivery_does_not_undo_it_and_the_promise_can_still_be_edited(scene: Scene) -> None:
    from delivery import actions as promises

    promises.deliver(commitment=scene.api, on=scene.today, by=user_of(scene.asker))
    scene.require()
    promises.edit_commitment(commitment=scene.api, title="Another title", by=user_of(scene.asker))
    assert is_delivered(scene)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"commitments": []}, "This field is required"),
        ({"commitments": ["0"]}, "0 is not one of the available choices"),
        ({"regime": ""}, "This field is required"),
        ({"found_on": 3}, "That day has not come"),
    ],
)
def test_a_requirement_that_cannot_be_is_refused_and_the_text_stays(
    scene: Scene, page_of: Browser, change: dict[str, object], said: str
) -> None:
    if "found_on" in change:
        change = {"found_on": scene.on(3)}
    sent = {
        "team": scene.organisation.squad_a.pk, "regime": "HIPAA", "title": "Log reads", "text_": "In its words",
        "found_on": scene.today, "commitments": [scene.api.pk],
    }  # fmt: skip
    browser = page_of(scene.asker)
    answer = browser.post("/requirements/squad-a/new/", sent | change)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "In its words" in answer.content.decode()
    assert not Requirement.objects.exists()
    assert browser.post("/requirements/squad-a/new/", sent).status_code == 302


def test_the_file_holds_what_the_list_shows(scene: Scene, page_of: Browser) -> None:
    scene.require(title="@log reads")
    included = scene.require(title="Encrypt")
    actions.include_requirement(requirement=included, words_="", by=user_of(scene.asker))
    lines = b"".join(page_of(scene.director).get("/requirements/squad-a/rows.csv?state=open")).decode()  # type: ignore[arg-type]
    (row,) = csv.DictReader(io.StringIO(lines))
    assert (row["requirement"], row["state"], row["commitments"]) == ("'@log reads", "Open", scene.api.code)
    assert row["found on"] == str(timezone.localdate() - (scene.today - scene.on(-3)))
