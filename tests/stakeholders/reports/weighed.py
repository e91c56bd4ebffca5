"""The story's changes, asks, risks, money, measures and sources. All of it is made up."""

from __future__ import annotations

from datetime import UTC, date, datetime

from stakeholders.reports.facts import (
    Ask,
    Change,
    Choice,
    Measure,
    Money,
    Risk,
    Source,
)

from .promised import THOUSAND


def changes() -> tuple[Change, ...]:
    return (
        Change(
            kind="Slipped",
            what="FHIR Patient API, 27 Nov to 11 Dec. Epic certification, forecast now 31 Dec against 18 Dec.",
            technical=(
                "FHIR Patient API, 27 Nov to 11 Dec. Epic certification, forecast now 31 Dec against 18 Dec. "
                "Epic's sandbox rejects the published patient profile."
            ),
            tone="late",
        ),
        Change(kind="New need", what="Squad B needs de-identified test patients from Compliance; no date agreed."),
        Change(kind="Resolved", what="HL7 v2 interface licences extended to 31 March.", tone="ok"),
        Change(kind="Delivered", what="Shared staging environment, 2 days early.", tone="delivered"),
    )


def asks() -> tuple[Ask, ...]:
    return (
        Ask(
            key="slip:14",
            question="How do we win back the go-live?",
            why="Payers who write back wait 3 weeks.",
            by=date(2026, 11, 25),
            owner="Maya Lindqvist",
            stake=119 * THOUSAND,
            stake_days=9,
            choices=(
                Choice(
                    letter="A",
                    title="Ship read and search first",
                    cost=0,
                    lands=date(2026, 12, 30),
                    chance=0.61,
                    chance_words="61%",
                    penalty=41 * THOUSAND,
                    advised=True,
                ),
                Choice(
                    letter="B",
                    title="Lend two engineers",
                    cost=24 * THOUSAND,
                    lands=date(2027, 1, 3),
                    chance=0.45,
                    chance_words="45%",
                    penalty=81 * THOUSAND,
                ),
                Choice(
                    letter="C",
                    title="Keep 11 December",
                    lands=date(2027, 1, 8),
                    chance=0.21,
                    chance_words="21%",
                    penalty=160 * THOUSAND,
                ),
            ),
            url="https://plumbline.example/commitment/14/",
        ),
        Ask(
            key="requirement:3",
            question="Accept the audit-trail risk, or take 6 days",
            why="Legal signs that reads are not logged until 26 Feb, or go-live moves 6 days.",
            by=date(2026, 11, 27),
            owner="Ruth Okafor",
            stake=108 * THOUSAND,
            stake_days=6,
        ),
        Ask(
            key="need:7",
            question="Call Epic’s vice president for a true test system",
            why="11 of 48 cases behave differently in Epic’s sandbox. Our request has waited 14 days.",
            by=date(2026, 11, 27),
            owner="Maya Lindqvist",
            stake=72 * THOUSAND,
            stake_days=4,
        ),
    )


def risks() -> tuple[Risk, ...]:
    return (
        Risk(
            code="R-012",
            title="Epic’s sandbox keeps behaving unlike production",
            state="Owned",
            level="High",
            chance=0.55,
            expected=13_200_000,
            low=7_200_000,
            high=32_400_000,
            days=7.0,
            owner="Maya Lindqvist",
        ),
        Risk(
            code="R-009",
            title="Reads of patient records are not logged",
            state="Owned",
            level="High",
            chance=0.4,
            expected=8_640_000,
            low=10_800_000,
            high=40_000_000,
            days=6.0,
            owner="Ruth Okafor",
            signature="1 of 2 signed",
        ),
        Risk(
            code="R-015",
            title="Shared pipeline queues past the coverage gate",
            state="Mitigated",
            level="Medium",
            chance=0.6,
            expected=4_100_000,
            low=1_900_000,
            high=9_000_000,
            days=3.5,
            owner="Tomás Rey",
        ),
        Risk(
            code="R-004",
            title="HL7 v2 feeds without field encryption",
            state="Accepted",
            level="Medium",
            chance=0.05,
            expected=2_500_000,
            low=10_000_000,
            high=90_000_000,
            owner="Ruth Okafor",
            signature="2 of 2 signed",
        ),
        Risk(
            code="R-017",
            title="A senior engineer of Squad B leaves",
            state="Owned",
            level="Medium",
            chance=0.7,
            expected=1_400_000,
            low=1_000_000,
            high=3_000_000,
            days=2.0,
            owner="Ines Duarte",
        ),
    )


def budget() -> tuple[Money, ...]:
    lines = (
        ("Headcount", 462_000_000, 457_400_000, 463_800_000),
        ("Tooling", 21_000_000, 19_250_000, 20_900_000),
        ("Infrastructure", 48_000_000, 51_700_000, 56_400_000),
        ("Vendors", 36_500_000, 33_100_000, 36_500_000),
    )
    whole = ("All", *(sum(line[n] for line in lines) for n in (1, 2, 3)))
    return tuple(
        Money(category=name, plan=plan, actual=actual, outlook=outlook, variance=outlook - plan)
        for name, plan, actual, outlook in (*lines, whole)
    )


def measures() -> tuple[Measure, ...]:
    return (
        Measure(
            slug="deployment-frequency",
            name="Deployments a week",
            figure="23",
            value=23,
            before=29,
            delta="6 fewer",
            tone="risk",
            weeks=(19, 21, 22, 24, 23, 26, 25, 27, 28, 30, 29, 23),
        ),
        Measure(
            slug="lead-time",
            name="Lead time",
            unit="hours",
            figure="31 hours",
            value=31,
            before=24,
            delta="7 hours slower",
            tone="risk",
            counts="64 changes",
            weeks=(26, 27, 25, 24, 26, 23, 22, 23, 21, 22, 24, 31),
        ),
        Measure(
            slug="change-failure-rate",
            name="Changes that fail",
            unit="share",
            figure="13%",
            value=3 / 23,
            before=3 / 29,
            delta="3 points worse",
            tone="risk",
            counts="3 of 23",
            weeks=(0.12, 0.11, 0.14, 0.09, 0.1, 0.08, 0.11, 0.09, 0.07, 0.08, 3 / 29, 3 / 23),
        ),
        Measure(
            slug="time-to-restore",
            name="Time to restore",
            unit="hours",
            figure="2.7 hours",
            value=2.7,
            before=3.3,
            delta="0.6 hours faster",
            tone="ok",
            counts="3 incidents",
            weeks=(5.1, 4.7, 6.2, 4.0, 4.3, 3.8, 3.1, 3.6, 3.4, 2.9, 3.3, 2.7),
        ),
    )


def sources() -> tuple[Source, ...]:
    read = datetime(2026, 11, 23, 12, 49, tzinfo=UTC)
    return (
        Source(name="GitHub", state="Up to date", read_to=read),
        Source(name="Jenkins", state="Up to date", read_to=read),
        Source(
            name="PagerDuty",
            state="Failing",
            read_to=datetime(2026, 11, 22, 4, 40, tzinfo=UTC),
            missing="Incident data after Sat 21 Nov, 23:40 is missing: PagerDuty stopped answering.",
        ),
    )
