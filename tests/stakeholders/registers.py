"""What the tests of the registers stand on: promises of one platform, a risk, and who signs its acceptance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from delivery import actions as promises
from delivery.models import Commitment, Deadline
from stakeholders.models import Acceptance, Decision, Requirement, Risk, Signature
from stakeholders.registers import actions, held
from stakeholders.registers.actions import Answer, Signer, Sized, Wording
from teams.models import Grant, Person, User
from tests.personas import Organisation, somebody

PASSWORD = "a long password here"  # noqa: S105 (of the personas)
TEXTS = {
    "title": "Reads are not logged", "statement": "We accept going live without a log of reads.",
    "could_happen": "An auditor asks who read a record.", "how_likely": "Possible.", "cost_if": "$25k to $140k.",
    "until_then": "Proxy logs are kept.", "instead_of": "Go-live six days later.", "reason": "Found late.",
    "residual": "Single reads cannot be traced.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """Everybody and everything that the registers are about."""

    organisation: Organisation
    today: date
    api: Commitment
    live: Commitment
    deadline: Deadline
    risk: Risk
    asker: Person
    reviewer: Person
    director: Person
    legal: Person

    def on(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def signers(self) -> list[Signer]:
        return [
            Signer(role="reviewer", person=self.reviewer, meaning="review", words="I reviewed it."),
            Signer(role="director", person=self.director, meaning="responsibility", words="I accept it."),
            Signer(role="legal", person=self.legal, meaning="approval", words="I approve it."),
        ]

    def ask(self, **more: Any) -> Acceptance:
        said: dict[str, Any] = {
            "team": self.organisation.squad_a, "wording": Wording(**TEXTS), "signers": self.signers(),
            "expires_on": self.on(60), "by": self.asker.user, "risk": self.risk,
            "commitments": [self.api, self.live],
        }  # fmt: skip
        return actions.ask_acceptance(**(said | more))

    def sign(self, row: Acceptance, *people: Person) -> list[Signature]:
        seen = mark(row)  # what is said does not change by being signed
        return [actions.sign(acceptance=row, by=user_of(one), password=PASSWORD, seen=seen) for one in people]

    def sign_all(self, row: Acceptance) -> None:
        self.sign(row, self.reviewer, self.director, self.legal)

    def require(self, **more: Any) -> Requirement:
        said: dict[str, Any] = {
            "team": self.organisation.squad_a, "regime": "HIPAA", "title": "Log who reads which record",
            "found_on": self.on(-3), "commitments": [self.api], "by": self.asker.user,
        }  # fmt: skip
        return actions.add_requirement(**(said | more))

    def question(self, **more: Any) -> Decision:
        said: dict[str, Any] = {
            "team": self.organisation.squad_a, "question": "How to recover the API", "by": self.asker.user,
            "for_person": self.director, "needed_by": self.on(5), "stakes": 16_000_000, "stakes_days": 7,
            "answers": [
                Answer(title="Ship reads first", lands_on=self.on(20), chance=0.55, is_advised=True),
                Answer(title="Borrow two engineers", cost=2_400_000, lands_on=self.on(24)),
            ],
        }  # fmt: skip
        return actions.ask_decision(**(said | more))


def user_of(person: Person) -> User:
    assert person.user is not None
    return person.user


def mark(row: Acceptance) -> str:
    """The hash of what the acceptance says now."""
    return held.one(row.pk).edition.content_hash


def state(row: Acceptance) -> str:
    return held.one(row.pk).standing.state.value


@pytest.fixture
def scene(organisation: Organisation, director: Person, legal: Person, manager_a: Person, today: date) -> Scene:
    by = user_of(manager_a)
    api = promises.make_commitment(
        team=organisation.squad_a, title="FHIR Patient API", promised_on=today + timedelta(20), days=(6, 9, 14), by=by
    )
    live = promises.make_commitment(
        team=organisation.platform, title="CMS go-live", promised_on=today + timedelta(44), is_milestone=True, by=by
    )
    deadline = promises.add_deadline(
        team=organisation.platform, name="CMS", date=today + timedelta(30), milestone=live, by=by, currency="USD",
        windows=[(today + timedelta(31), None, "day", 1_800_000, None)],
    )  # fmt: skip
    risk = actions.add_risk(
        team=organisation.squad_a, title="Reads are not logged", category="compliance", by=by, owner=manager_a,
        chance=0.25, size=Sized(low=2_500_000, high=14_000_000, days=4), commitments=[api],
    )  # fmt: skip
    reviewer = somebody("Anneke Vos", Grant.Role.CONTRIBUTOR, organisation.squad_a)
    return Scene(organisation, today, api, live, deadline, risk, manager_a, reviewer, director, legal)


Browser = Callable[[Person], Client]
