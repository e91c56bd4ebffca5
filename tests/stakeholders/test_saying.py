"""The sentence about promises: which rule wins, what it says, ties, good weeks, and causes that nobody logged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stakeholders.week.headline import MOST_WORDS, NO_REASON, Headline
from stakeholders.week.known import Deadline, Known, Promise, Row, Slip
from stakeholders.week.saying import Facts, saying

TODAY = date(2026, 11, 25)
AT = datetime(2026, 11, 25, 8, tzinfo=UTC)


def day(days: int) -> date:
    return TODAY + timedelta(days=days)


def promise(number: int = 1, *, state: str = "ok", title: str = "FHIR Patient API", even: int | None = 10) -> Promise:
    return Promise(
        id=number, title=title, team=1, team_name="Squad A", first=day(12), due=day(12), state=state, word=state,
        why="30% likely by 7 Dec.", even=day(even) if even is not None else None, hits=900, trials=1000,
    )  # fmt: skip


def deadline(
    number: int = 1, *, on: int = 37, late: int | None = 7, hits: int = 210, chain: tuple[int, ...] = (1,),
    window: bool = True, title: str = "CMS go-live", penalty: int = 16_000_000,
) -> Deadline:  # fmt: skip
    return Deadline(
        id=number, name=f"{title} deadline", title=title, date=day(on), milestone=90 + number, team=1, chain=chain,
        even=day(on + late) if late is not None else None, hits=hits if late is not None else None,
        trials=1000 if late is not None else None, penalty=penalty if late is not None else None,
        penalty_from=day(on + 1) if window else None,
    )  # fmt: skip


def slip(
    number: int = 1, *, commitment: int = 1, on: int = -5, by: int = 14, words: str = "", reason: str = ""
) -> Slip:
    return Slip(
        id=number, commitment=commitment, title="FHIR Patient API", team="Squad A", frm=day(0), to=day(by),
        words=words, reason=reason, on=day(on),
    )  # fmt: skip


def known(*rows: Row) -> Known:
    kinds: dict[str, dict[int, Row]] = {"promises": {}, "deadlines": {}, "slips": {}}
    for row in rows:
        name = {Promise: "promises", Deadline: "deadlines", Slip: "slips"}[type(row)]  # type: ignore[index]
        kinds[name][row.id] = row
    return Known(at=AT, today=TODAY, rows=kinds)


def said(*rows: Row, waiting: int = 0, remedy: str = "", past: bool = False) -> Headline:
    found = saying(Facts(known=known(*rows), waiting=waiting, remedy=remedy, past=past))
    assert found is not None
    return replace(found, say=found.say.replace("\xa0", " "), clause=found.clause.replace("\xa0", " "),
                   more=tuple(line.replace("\xa0", " ") for line in found.more))  # fmt: skip


# --- which rule wins -------------------------------------------------------------------------------------------------


def test_a_late_deadline_is_the_sentence_with_how_far_into_its_penalty_window() -> None:
    one = said(promise(), deadline())
    assert one.sentence == "CMS go-live is forecast for 8 January, 7 days into the penalty window."
    assert one.tone == "late"


def test_a_deadline_that_costs_nothing_is_late_after_its_day() -> None:
    assert said(promise(), deadline(window=False)).clause == "7 days after its deadline."
    free = replace(deadline(), penalty_from=day(60))
    assert said(promise(), free).clause == "7 days after its deadline.", "the window opens later than the forecast"


def test_weeks_are_said_as_weeks_and_one_day_as_one() -> None:
    assert said(promise(), deadline(late=14)).clause.startswith("2 weeks ")
    assert said(promise(), deadline(late=1)).clause.startswith("1 day ")
    assert said(promise(), deadline(late=7)).clause.startswith("7 days ")


def test_of_several_late_deadlines_the_nearest_speaks_and_the_others_are_counted() -> None:
    one = said(promise(), deadline(1, on=50, late=30), deadline(2, on=20, late=3, title="Pilot"), deadline(3, on=60))
    assert one.sentence == "Pilot is forecast for 18 December, 3 days into the penalty window."
    assert "2 later deadlines are forecast late as well." in one.more
    alone = said(promise(), deadline(1, on=50, late=30), deadline(2, on=20, late=3, title="Pilot"))
    assert "1 later deadline is forecast late as well." in alone.more


def test_a_later_deadline_in_danger_does_not_hide_behind_a_near_one_that_is_fine() -> None:
    one = said(promise(), deadline(1, on=10, late=-5, hits=990, title="Pilot"), deadline(2, on=40, late=9))
    assert one.sentence.startswith("CMS go-live is forecast for")


def test_deadlines_of_one_day_are_told_together_by_the_worst() -> None:
    one = said(promise(), deadline(1, late=3), deadline(2, late=9, title="Pilot"))
    assert one.sentence == "2 deadlines of 1 Jan are forecast late, the worst by 9 days."


def test_the_cause_of_a_tie_is_that_of_the_worst() -> None:
    rows = (promise(1), promise(2), slip(1, commitment=1, words="Not this."), slip(2, commitment=2, words="This one."))
    one = said(*rows, deadline(1, late=3, chain=(1,)), deadline(2, late=9, chain=(2,)))
    assert one.more[0].endswith("This one.") or "this one." in one.more[0].lower()
    assert "not this" not in " ".join(one.more).lower()


def test_a_deadline_that_is_not_safe_comes_before_promises_that_are_late() -> None:
    one = said(promise(state="late"), deadline(late=-1, hits=640))
    assert (one.sentence, one.tone) == ("CMS go-live by 1 Jan is only 64% likely.", "risk")


def test_deadlines_of_one_day_that_are_not_safe_are_counted() -> None:
    one = said(promise(), deadline(1, late=-1, hits=640), deadline(2, late=-2, hits=500))
    assert one.sentence == "2 deadlines of 1 Jan are less than 70% likely."


@pytest.mark.parametrize(("hits", "safe"), [(700, True), (699, False)])
def test_seventy_percent_is_safe(hits: int, safe: bool) -> None:
    assert (said(promise(), deadline(late=-1, hits=hits)).tone == "ok") is safe


def test_one_late_promise_is_named_and_several_are_counted() -> None:
    safe = deadline(late=-9, hits=950)
    assert said(promise(state="late"), safe).sentence == "FHIR Patient API of Squad A is likely late."
    two = said(promise(1, state="late"), promise(2, state="late"), promise(3), safe)
    assert two.sentence == "2 of 3 open commitments are likely late."


def test_promises_without_a_forecast_come_before_what_waits() -> None:
    one = said(promise(1), promise(2, state="none", even=None), waiting=3)
    assert one.sentence == "1 of 2 open commitments have no forecast."
    assert said(promise(1, state="none", even=None)).sentence == "There is no forecast yet for 1 open commitment."


def test_when_nothing_is_in_danger_what_waits_is_the_sentence_but_not_of_a_past_week() -> None:
    assert said(promise(), waiting=1).sentence == "No deadline is in danger; 1 decision waits for you."
    assert said(promise(), waiting=2).sentence == "No deadline is in danger; 2 decisions wait for you."
    assert said(promise(), waiting=2, past=True).sentence == "That week, nothing was in danger."


# --- good weeks ------------------------------------------------------------------------------------------------------


def test_a_good_week_says_so_with_its_proof() -> None:
    one = said(promise(1), promise(2), deadline(late=-9, hits=950))
    assert (one.sentence, one.tone) == ("Nothing needs you this week.", "ok")
    assert one.more == ("2 of 2 open commitments are on track; CMS go-live is 95% likely by 1 Jan.",)


def test_a_good_week_does_not_hide_what_is_quiet_or_at_risk() -> None:
    one = said(promise(1), promise(2, state="stale"), promise(3, state="risk"))
    assert one.sentence == "Nothing needs you this week."
    assert "2 commitments at risk or not heard of lately." in one.more


def test_nothing_promised_leaves_the_sentence_to_deliveries() -> None:
    assert saying(Facts(known=known())) is None
    assert saying(Facts(known=known(promise(state="delivered")))) is None


# --- causes ----------------------------------------------------------------------------------------------------------


def test_without_a_logged_reason_none_is_invented() -> None:
    assert said(promise(), deadline()).more == (NO_REASON,)
    silent = said(promise(), slip(), deadline()).more
    assert silent[0].lower() == f"squad a moved fhir patient api by 2 weeks: {NO_REASON.lower()}"


def test_a_slip_off_the_way_or_delivered_or_to_an_earlier_day_is_no_cause() -> None:
    elsewhere = slip(commitment=2, words="Holidays.")
    assert said(promise(1), promise(2), elsewhere, deadline(chain=(1,))).more == (NO_REASON,)
    over = said(promise(1, state="delivered"), promise(2), slip(words="Holidays."), deadline(chain=(1, 2)))
    assert over.more == (NO_REASON,)
    assert said(promise(), slip(by=-3, words="Found time."), deadline()).more == (NO_REASON,)


def test_the_newest_slip_on_the_way_is_the_cause_in_its_own_words() -> None:
    old, new = slip(1, on=-20, words="Scope was added."), slip(2, on=-2, words="The vendor's profile differs")
    assert said(promise(), new, old, deadline()).more == (
        "Squad A moved FHIR Patient API by 2 weeks: the vendor's profile differs.",
    )


def test_a_name_keeps_its_capital_within_the_line() -> None:
    assert ": Epic changed it." in said(promise(), slip(words="Epic changed it"), deadline()).more[0]


def test_the_reason_stands_in_where_there_are_no_words() -> None:
    assert said(promise(), slip(reason="Estimate too low"), deadline()).more[0].endswith(": estimate too low.")


def test_the_remedy_follows_the_cause_and_only_when_there_is_one() -> None:
    way = "The best recovery option on the table brings CMS go-live back to 30 Dec."
    assert said(promise(), deadline(), remedy=way).more == (NO_REASON, way)


# --- always ----------------------------------------------------------------------------------------------------------

TITLES = st.sampled_from(["API", "CMS go-live", "A title that is far too long to stand within a sentence of a page"])
DEADLINES = st.builds(
    lambda number, on, late, hits, title: deadline(number, on=on, late=late, hits=hits, title=title),
    st.integers(1, 5), st.integers(1, 40), st.none() | st.integers(-20, 400), st.integers(0, 1000), TITLES,
)  # fmt: skip
PROMISES = st.builds(
    lambda number, state, title: promise(number, state=state, title=title, even=None if state == "none" else 9),
    st.integers(1, 6), st.sampled_from(["ok", "risk", "late", "stale", "none", "delivered", "cancelled"]), TITLES,
)  # fmt: skip
SLIPS = st.builds(
    lambda number, commitment, words: slip(number, commitment=commitment, words=words),
    st.integers(1, 4), st.integers(1, 6), st.sampled_from(["", "Logged by somebody."]),
)  # fmt: skip


@given(st.lists(PROMISES | DEADLINES | SLIPS, max_size=10), st.integers(0, 30), st.booleans())
def test_it_is_short_the_same_in_any_order_and_never_says_what_nobody_logged(
    rows: list[Row], waiting: int, past: bool
) -> None:
    unique = list({(type(row), row.id): row for row in rows}.values())
    facts = Facts(known=known(*unique), waiting=waiting, past=past)
    one = saying(facts)
    again = saying(Facts(known=known(*reversed(unique)), waiting=waiting, past=past))
    assert again == one
    if one is None:
        return
    assert len(one.sentence.split()) <= MOST_WORDS
    assert one.sentence.endswith(".")
    logged = any(isinstance(row, Slip) and row.words for row in unique)
    if not logged:
        assert "logged by somebody" not in " ".join(one.more).lower()
    danger = any(isinstance(row, Deadline) and (row.days_late or 0) > 0 for row in unique)
    assert (one.tone == "late") is danger
