"""The story's deadlines, their forecast week by week, and outcomes. All of it is made up."""

from __future__ import annotations

from datetime import date, timedelta

from stakeholders.reports.facts import (
    Deadline,
    Drift,
    Outcome,
)

THOUSAND = 1_000_00  # dollars, in cents
FIRST_WEEK = date(2026, 8, 31)  # week 36, the first of twelve


def deadlines() -> tuple[Deadline, ...]:
    return (
        Deadline(
            id=1,
            name="CMS interoperability deadline",
            title="Go-live",
            date=date(2027, 1, 1),
            penalty_from=date(2027, 1, 2),
            rate="$18,000 a day",
            even=date(2027, 1, 8),
            sure=date(2027, 1, 19),
            chance=0.21,
            chance_words="21%",
            penalty=160 * THOUSAND,
            penalty_85=324 * THOUSAND,
            chance_before=0.63,
            chance_before_words="63%",
            penalty_before=48 * THOUSAND,
            url="https://plumbline.example/roadmap/integration-platform/",
        ),
        Deadline(
            id=2,
            name="Epic partner listing",
            title="Epic certification",
            date=date(2027, 1, 29),
            even=date(2026, 12, 31),
            sure=date(2027, 1, 12),
            chance=0.99,
            chance_words="99%",
            chance_before=0.994,
            chance_before_words="over 99%",
        ),
        Deadline(
            id=3,
            name="HL7 v2 licences end",
            title="HL7 v2 switched off",
            date=date(2027, 3, 31),
            even=date(2027, 1, 30),
            sure=date(2027, 2, 17),
            chance=0.9991,
            chance_words="over 99%",
            chance_before=0.9993,
            chance_before_words="over 99%",
        ),
    )


def drift() -> tuple[Drift, ...]:
    even = ("12-21", "12-20", "12-22", "12-22", "12-23", "12-23", "12-25", "12-26", "12-26", "12-27", "12-29", "01-08")
    sure = ("01-04", "01-02", "01-04", "01-03", "01-04", "01-03", "01-05", "01-06", "01-05", "01-06", "01-08", "01-19")
    chance = (0.82, 0.85, 0.81, 0.83, 0.8, 0.81, 0.76, 0.72, 0.73, 0.7, 0.63, 0.21)
    penalty = (18, 14, 19, 17, 20, 19, 26, 32, 31, 36, 48, 160)
    return tuple(
        Drift(
            monday=FIRST_WEEK + timedelta(weeks=n),
            even=_winter(even[n]),
            sure=_winter(sure[n]),
            chance=chance[n],
            penalty=penalty[n] * THOUSAND,
        )
        for n in range(12)
    )


def _winter(text: str) -> date:
    month, day = map(int, text.split("-"))
    return date(2027 if month < 7 else 2026, month, day)


def outcomes() -> tuple[Outcome, ...]:
    return (
        Outcome(
            id=1,
            title="Payers and providers exchange records through FHIR",
            team="Integration Platform",
            first=date(2026, 12, 18),
            due=date(2027, 1, 1),
            even=date(2027, 1, 8),
            sure=date(2027, 1, 19),
            state="late",
            word="Likely late",
            state_first="late",
            word_first="Likely late",
            chance=0.21,
            chance_words="21%",
            cause="Epic’s patient profile differs from the published guide.",
            technical="FHIR Patient API waits for Epic’s sandbox: 11 of 48 profile cases fail validation.",
            commitments=9,
            delivered_commitments=3,
            url="https://plumbline.example/outcome/1/",
        ),
        Outcome(
            id=2,
            title="Every read of a patient record can be traced",
            team="Squad C",
            first=date(2026, 12, 18),
            due=date(2026, 12, 18),
            even=date(2026, 12, 22),
            sure=date(2027, 1, 6),
            state="late",
            word="Likely late",
            state_first="late",
            word_first="Likely late",
            chance=0.31,
            chance_words="31%",
            cause="Found late by Compliance.",
            technical="The read path has no audit event; AuditEvent.read is missing in the gateway.",
            commitments=3,
            delivered_commitments=1,
        ),
        Outcome(
            id=3,
            title="We can prove conformance to CMS on the first day",
            team="Squad A",
            first=date(2026, 12, 23),
            due=date(2026, 12, 30),
            even=date(2026, 12, 28),
            sure=date(2027, 1, 11),
            state="risk",
            word="At risk",
            state_first="late",
            word_first="Likely late",
            chance=0.6,
            chance_words="60%",
            technical="The Inferno test kit runs nightly; 6 of 212 cases are open.",
            commitments=4,
            delivered_commitments=1,
        ),
        Outcome(
            id=4,
            title="One integration to run and audit instead of two",
            team="Squad B",
            first=date(2027, 1, 29),
            due=date(2027, 1, 29),
            even=date(2027, 1, 30),
            sure=date(2027, 2, 17),
            state="risk",
            word="At risk",
            state_first="risk",
            word_first="At risk",
            chance=0.45,
            chance_words="45%",
            cause="HL7 v2 feeds switch off after go-live.",
            technical="HL7 v2 listener stays up until FHIR Patient API carries writes.",
            commitments=3,
        ),
        Outcome(
            id=5,
            title="Members see claims and benefits from any app",
            team="Squad B",
            first=date(2026, 12, 18),
            due=date(2026, 12, 18),
            even=date(2026, 12, 13),
            sure=date(2026, 12, 17),
            state="ok",
            word="On track",
            state_first="ok",
            word_first="On track",
            chance=0.88,
            chance_words="88%",
            commitments=3,
            delivered_commitments=2,
        ),
        Outcome(
            id=6,
            title="Members find in-network doctors that exist",
            team="Squad C",
            first=date(2026, 12, 4),
            due=date(2026, 12, 4),
            even=date(2026, 11, 30),
            sure=date(2026, 12, 3),
            state="ok",
            word="On track",
            state_first="ok",
            word_first="On track",
            chance=0.91,
            chance_words="91%",
            commitments=1,
        ),
    )
