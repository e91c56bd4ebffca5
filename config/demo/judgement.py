"""The sample's judgement: its risks, what is accepted in writing, the requirement found late, and its decisions.

Told through the same actions that the pages use, after the programme, dated relative to today.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password

from config.demo import escalations
from delivery.models import Commitment
from stakeholders.models import Acceptance, Decision, Risk
from stakeholders.registers import actions, held
from stakeholders.registers.actions import Answer, Signer, Sized, Wording
from teams import actions as grants
from teams.models import Grant, Person, Team, User


@dataclass(frozen=True, slots=True)
class Told:
    """Who is who, and when."""

    today: date
    team: Team
    people: dict[str, Person]
    promises: dict[str, Commitment]
    password: str

    def at(self, days: int, hour: int = 15, minute: int = 0) -> datetime:
        """So many days from today, moved back off a weekend."""
        day = self.today + timedelta(days=days)
        return datetime.combine(day - timedelta(days=max(0, day.weekday() - 4)), time(hour, minute), UTC)

    def on(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def by(self, name: str) -> User:
        user = self.people[name].user
        assert user is not None  # noqa: S101 (they all sign in)
        return user


def load(*, teams: dict[str, Team], people: dict[str, Person], today: date) -> None:
    """Tell it. Call within a transaction, after the programme."""
    password = settings.SAMPLE_PASSWORD or secrets.token_urlsafe(24)
    hashed = make_password(password)  # once: it takes a while on purpose
    for person in people.values():
        if person.user is not None:
            person.user.password = hashed
            person.user.save(update_fields=["password"])
    grants.grant(  # he reviews what concerns all its squads, so he reads it
        person=people["Tomasz Wolny"], role=Grant.Role.EXECUTIVE, team=teams["Integration Platform"],
        by=people["Maya Lindqvist"].user,  # type: ignore[arg-type]  # she has a log-in
    )  # fmt: skip
    promises = {row.title: row for row in Commitment.objects.filter(is_sample=True, made_on__gte=today - timedelta(70))}
    told = Told(today, teams["Integration Platform"], people, promises, password)
    risks = _risks(told)
    decisions = _decisions(told, risks)
    hipaa = _hipaa(
        told, risks["HIPAA reads not logged until release 2"], decisions["HIPAA audit trail: now, or accepted"]
    )
    _tls(told, risks["Two hospital links stay on TLS 1.1"])
    row = actions.add_requirement(
        team=told.team, regime="HIPAA", title="Log who reads which patient record", found_on=told.at(-11).date(),
        found_by=people["Tomasz Wolny"], by=told.by("Tomasz Wolny"), at=told.at(-11, 10), is_sample=True,
        commitments=[promises["FHIR Patient API"], promises["CMS go-live"]],
        decision=decisions["HIPAA audit trail: now, or accepted"],
        text="45 CFR 164.312(b): audit controls that record and examine activity in systems with health information. "
        "Writes are logged today, reads are not.",
    )  # fmt: skip
    actions.defer_requirement(
        requirement=row, acceptance=hipaa, by=told.by("Tomasz Wolny"), at=told.at(-8, 15, 30),
        words_="Reads are logged from release 2.",
    )  # fmt: skip
    actions.write_memo(
        commitment=promises["CMS go-live"], requested_on=told.on(32), asked_by="Robert Achebe", by=told.by(DIRECTOR),
        at=told.at(-1, 11), opening="You asked whether we can go live a week earlier, before the holidays end.",
        closing="We can have read and search earlier. Everything by then would leave consent out.",
    )  # fmt: skip


# --- risks -----------------------------------------------------------------------------------------------------------

# title, owner, kind, chance, low and high in dollars, days, where it stands, days ago, words, promises
RISKS: tuple[tuple[str, str, str, float, int, int, int | None, str, int, str, tuple[str, ...]], ...] = (
    ("No shared place to test", "Yuki Tanaka", "technical", 0.7, 20_000, 60_000, 6, "resolved", -5,
     "The shared staging environment is in use.", ("Shared staging environment",)),
    ("HL7 v2 licences end before the switch-off", "Laura Bennett", "vendor", 0.4, 40_000, 90_000, None, "resolved", -5,
     "The vendor extended them by a quarter.", ("Switch off HL7 v2 feeds",)),
    ("Consent rules change during the build", "Tomasz Wolny", "compliance", 0.3, 10_000, 50_000, 5, "resolved", -17,
     "The scopes are signed off.", ("Consent scopes signed off",)),
    ("Test accounts expire in the sandbox", "Laura Bennett", "vendor", 0.5, 2_000, 8_000, 2, "resolved", -34,
     "They no longer expire.", ()),
    ("Cut-over needs a maintenance window", "Yuki Tanaka", "delivery", 0.2, 5_000, 20_000, 1, "mitigated", -28,
     "Deploying without downtime makes it short.", ("Deploy without downtime",)),
    ("Only two engineers know the search code", "Ines Carvalho", "people", 0.2, 8_000, 30_000, 3, "mitigated", -19,
     "Two more have paired on it for a month.", ("FHIR Patient API",)),
    ("Exports overload the old database", "Daniel Okafor", "technical", 0.1, 5_000, 25_000, 2, "mitigated", -40,
     "They run at night from a copy.", ("Bulk export for payer-to-payer",)),
    ("Two hospital links stay on TLS 1.1", "Anneke Vos", "security", 0.05, 50_000, 200_000, None, "accepted", -20,
     "Both hospitals replace them by the end of January.", ("Switch off HL7 v2 feeds",)),
    ("HIPAA reads not logged until release 2", "Maya Lindqvist", "compliance", 0.25, 25_000, 140_000, None, "accepted",
     -8, "Asked for in writing; it is not in force until all have signed.", ("HIPAA audit trail", "CMS go-live")),
    ("Epic's profiles differ from the published guide", "Laura Bennett", "vendor", 0.6, 60_000, 180_000, 7, "", 0, "",
     ("FHIR Patient API", "Epic certification")),
    ("One person in Squad B knows the consent rules", "Daniel Okafor", "people", 0.3, 100_000, 260_000, 10, "", 0, "",
     ("Patient data exchange on FHIR",)),
    ("Three squads, one pipeline", "Yuki Tanaka", "technical", 0.5, 6_000, 30_000, 2, "", 0, "",
     ("Deploy without downtime", "Coverage gate before merge")),
    ("The vendor's sandbox does not behave like production", "Laura Bennett", "vendor", 0.45, 10_000, 60_000, 4, "", 0,
     "", ("Epic certification", "Production-like tenant for Epic")),
    ("De-identified patients miss rare cases", "Tomasz Wolny", "technical", 0.3, 4_000, 24_000, 3, "", 0, "",
     ("De-identified test patients",)),
)  # fmt: skip


def _risks(told: Told) -> dict[str, Risk]:
    made: dict[str, Risk] = {}
    for title, owner, kind, chance, low, high, days, state, since, words, promises in RISKS:
        by = told.by(owner)
        made[title] = actions.add_risk(
            team=told.team, title=title, category=kind, by=by, owner=told.people[owner], chance=chance,
            size=Sized(low=low * 100, high=high * 100, days=days), review_on=told.on(21), is_sample=True,
            commitments=[told.promises[one] for one in promises if one in told.promises],
            at=told.at(min(since, -7) - 14, 10),
        )  # fmt: skip
        if state:
            actions.move_risk(risk=made[title], state=state, words_=words, by=by, at=told.at(since, 10))
    return made


# --- acceptances -----------------------------------------------------------------------------------------------------

DIRECTOR, LEGAL = "Maya Lindqvist", "Priya Raman"


def _signers(told: Told) -> list[Signer]:
    who = told.people
    return [
        Signer(role="reviewer", person=who["Tomasz Wolny"], meaning="review",
               words="I reviewed this risk. What remains is described correctly."),
        Signer(role="reviewer", person=who["Anneke Vos"], meaning="review",
               words="I reviewed the controls. They are in place today."),
        Signer(role="director", person=who[DIRECTOR], meaning="responsibility",
               words="I accept this risk for delivery."),
        Signer(role="legal", person=who[LEGAL], meaning="approval", words="I approve this acceptance for Legal."),
    ]  # fmt: skip


def _sign(told: Told, row: Acceptance, *when: tuple[str, datetime]) -> None:
    for name, at in when:
        seen = held.one(row.pk).edition.content_hash
        actions.sign(acceptance=row, by=told.by(name), password=told.password, seen=seen, at=at)


def _hipaa(told: Told, risk: Risk, decision: Decision) -> Acceptance:
    ends = told.on(92)
    row = actions.ask_acceptance(
        team=told.team, risk=risk, decision=decision, by=told.by("Ines Carvalho"), expires_on=ends, is_sample=True,
        at=told.at(-8, 15, 20), commitments=[told.promises["HIPAA audit trail"], told.promises["CMS go-live"]],
        signers=_signers(told),
        wording=Wording(
            title="HIPAA read audit trail, deferred to release 2",
            statement="We accept going live without a log of who read which patient record. Writes are logged. "
            "Reads are logged from release 2.",
            could_happen="An auditor or a patient asks who read a record before release 2, and we cannot answer.",
            how_likely="Possible. 3 such requests in the past 12 months.",
            cost_if="$25k to $140k for each request, and a finding in the HIPAA audit.",
            until_then="Proxy access logs kept 400 days; read access limited to 41 named people; weekly review by "
            "Compliance.",
            instead_of="Including it now: go-live 6 days later, $108k.",
            reason="The requirement was found after the plan was frozen, and the deadline does not move.",
            residual="Requests about single reads are answered from proxy logs, which name a system, not a person.",
        ),
    )  # fmt: skip
    _sign(told, row, ("Tomasz Wolny", told.at(-7, 21, 12)), ("Anneke Vos", told.at(-6, 15, 3)))
    return row


def _tls(told: Told, risk: Risk) -> Acceptance:
    row = actions.ask_acceptance(
        team=told.team, risk=risk, by=told.by("Laura Bennett"), expires_on=told.on(66), is_sample=True,
        at=told.at(-22, 9), signers=_signers(told), commitments=[told.promises["Switch off HL7 v2 feeds"]],
        wording=Wording(
            title="Two hospital links on TLS 1.1",
            statement="We accept that two hospital links stay on TLS 1.1 until the hospitals have replaced them.",
            could_happen="Somebody on the path between reads or changes a message.",
            how_likely="Very unlikely. Both links run inside a private circuit.",
            cost_if="$50k to $200k, and a report to the regulator.",
            until_then="A private circuit, alerts on any other sender, and no new links of this kind.",
            instead_of="Cutting both hospitals off: 2,100 messages a day would be lost.",
            reason="The hospitals replace their gateways in January and not before.",
            residual="The private circuit would have to be broken into first.",
        ),
    )  # fmt: skip
    names = ("Tomasz Wolny", "Anneke Vos", DIRECTOR, LEGAL)
    _sign(told, row, *((name, told.at(-21 + place // 2, 14 + place)) for place, name in enumerate(names)))
    return row


# --- decisions -------------------------------------------------------------------------------------------------------


def _decisions(told: Told, risks: dict[str, Risk]) -> dict[str, Decision]:
    found: dict[str, Decision] = {}

    def ask(question: str, by: str, ago: int, answers: list[Answer], **more: Any) -> Decision:
        found[question] = actions.ask_decision(
            team=told.team, question=question, by=told.by(by), for_person=told.people[DIRECTOR], answers=answers,
            at=told.at(-ago, 10), is_sample=True, **more,
        )  # fmt: skip
        return found[question]

    _decided(told, ask)
    ask(
        "HIPAA audit trail: now, or accepted", "Tomasz Wolny", 11,
        [
            Answer(title="Include it now", cost=1_900_000, lands_on=told.on(45), penalty=10_800_000,
                   words="Go-live six days later."),
            Answer(title="Accept it in writing until release 2", lands_on=told.on(39), is_advised=True,
                   words="Needs a director and legal to sign."),
            Answer(title="Log reads of sensitive records only", cost=700_000, lands_on=told.on(42), penalty=5_400_000),
        ],
        stakes=10_800_000, stakes_words="against a legal risk", needed_by=told.on(6),
        commitments=[told.promises["HIPAA audit trail"], told.promises["CMS go-live"]],
        risk=risks["HIPAA reads not logged until release 2"],
        context="Reads of patient records are not logged. The rule asks for it; the plan did not.",
        evidence=[("45 CFR 164.312", "https://www.ecfr.gov/current/title-45/section-164.312")],
    )  # fmt: skip
    return found


def _decided(told: Told, ask: Callable[..., Decision]) -> None:
    def decide(row: Decision, option: int, why: str, ago: int, score: int | None) -> None:
        taken = row.options.get(position=option)
        actions.decide(
            decision=row,
            option=taken,
            why=why,
            by=told.by(DIRECTOR),
            at=told.at(-ago, 16),
            score_on=told.at(score).date() if score is not None else None,
        )

    escalations.tell(ask, decide, told.on)
    row = ask("Certify with Epic before Cerner", "Laura Bennett", 50, [
        Answer(title="Epic first", lands_on=told.on(25), is_advised=True), Answer(title="Both at once", cost=9_000_000),
    ], stakes_days=15, evidence=[("Member records by client system", "https://reports.example/members-by-system")],
    )  # fmt: skip
    decide(row, 0, "71% of member records sit with Epic customers.", 42, -3)
    actions.score_decision(
        decision=row, verdict="expected", by=told.by("Laura Bennett"), at=told.at(-2),
        words_="Cerner customers agreed to wait; certification is on its way.",
    )  # fmt: skip
    row = ask(
        "Terminology server: build or buy", "Ines Carvalho", 48,
        [
            Answer(title="Build it", cost=9_600_000, cost_yearly=4_200_000, points={0: 2, 1: 5, 2: 2}),
            Answer(title="Buy a hosted one", cost=1_500_000, cost_yearly=3_600_000, points={0: 5, 1: 3, 2: 4},
                   is_advised=True),
        ],
        kind="build_buy", years=3, stakes=8_100_000, stakes_words="over three years",
        evidence=[("Quotes of two vendors", "https://wiki.example/terminology/quotes"),
                  ("Spike: loading SNOMED CT", "https://wiki.example/terminology/spike")],
        criteria=[("In time for go-live", 5), ("Fits our code systems", 3), ("Few people to run it", 2)],
    )  # fmt: skip
    decide(row, 1, "It is there in two weeks, and nobody has to be on call for it.", 44, 60)
    row = ask("One staging environment for three squads", "Yuki Tanaka", 24, [
        Answer(title="One for all three", cost_yearly=6_600_000, is_advised=True),
        Answer(title="Two environments", cost_yearly=13_200_000),
    ], evidence=[("Seven faults that two environments hid", "https://wiki.example/staging/faults")])  # fmt: skip
    decide(row, 0, "Two environments cost $11k a month and hid 7 integration faults.", 16, -1)
    row = ask("No new HL7 v2 feeds until switch-off", "Daniel Okafor", 12, [
        Answer(title="No new feeds", is_advised=True), Answer(title="Feeds for paying clients only"),
    ])  # fmt: skip
    decide(row, 0, "Every new feed adds 4 days to the switch-off and is thrown away.", 6, 45)
