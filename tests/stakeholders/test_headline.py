"""The sentence of the week: which rule wins, what is said, and what is never said."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stakeholders.week.headline import MOST_WORDS, NO_REASON, Before, Facts, Gap, Headline, Outage, headline

HOUR = timedelta(hours=1)


def a_week(**facts: Any) -> Facts:
    """A week with 23 deployments and one before it."""
    usual: dict[str, Any] = {
        "week": 47,
        "sources": 4,
        "first_week": "week 12",
        "deployments": 23,
        "changes": 41,
        "before": Before(week=46, deployments=29, failed=1, changes=50),
    }
    return Facts(**(usual | facts))


def outage(team: str = "Squad B", hours: int = 9, **more: str) -> Outage:
    return Outage(team=team, lasted=hours * HOUR, words=f"{hours} hours", **more)


def plain(said: Headline) -> str:
    return said.sentence.replace("\xa0", " ")


def test_a_week_without_failures_is_quiet() -> None:
    assert plain(headline(a_week())) == "A quiet week: 23 deployments, none failed."
    assert headline(a_week()).tone == "ok"


def test_a_good_week_with_incidents_is_not_called_quiet() -> None:
    assert (
        plain(headline(a_week(resolved=2))) == "23 deployments reached users, none failed; 2 incidents were resolved."
    )


def test_failed_deployments_are_counted_against_all() -> None:
    assert plain(headline(a_week(failed=3))) == "23 deployments reached users; 3 of them failed."


@pytest.mark.parametrize(
    ("made", "said"),
    [(1, "1 deployment reached users, and it failed."), (4, "4 deployments reached users, and all failed.")],
)
def test_when_every_deployment_failed(made: int, said: str) -> None:
    assert plain(headline(a_week(deployments=made, failed=made))) == said


def test_the_longest_outage_comes_before_failed_deployments_and_these_follow_in_grey() -> None:
    said = headline(a_week(failed=3, longest=(outage(),)))
    assert plain(said) == "Squad B took 9 hours to restore service, its longest in 12 weeks."
    assert "23 deployments reached users; 3 of them failed." in said.more


def test_an_outage_under_half_a_day_makes_no_headline_though_it_was_the_longest() -> None:
    assert "restore" not in plain(headline(a_week(longest=(outage(hours=3),))))


def test_equally_long_outages_of_two_teams_name_neither() -> None:
    said = headline(a_week(longest=(outage("Squad A"), outage("Squad B"))))
    assert plain(said) == "2 teams each took 9 hours to restore service, their longest in 12 weeks."


def test_an_open_incident_comes_before_everything_but_gaps() -> None:
    facts = a_week(partial=True, failed=3, longest=(outage(),), open=(outage(hours=5),))
    assert plain(headline(facts)) == "Squad B has had an incident open for 5 hours."
    assert plain(headline(replace(facts, partial=False))) == "Squad B ended the week with an incident open for 5 hours."


def test_an_incident_that_began_just_before_the_week_ended_is_not_first() -> None:
    short = Outage(team="Squad B", lasted=HOUR / 6, words="10 minutes")
    said = headline(a_week(failed=3, open=(short,)))
    assert plain(said) == "23 deployments reached users; 3 of them failed."
    assert any("open for 10" in line for line in said.more)
    assert "open for" in plain(headline(a_week(open=(short,))))
    assert "open for" in plain(headline(a_week(open=(short,), failed=3, partial=True)))


def test_several_open_incidents_tell_the_oldest() -> None:
    many = (outage(hours=5), outage("Squad A", hours=30))
    assert (
        plain(headline(a_week(partial=True, open=many))) == "2 incidents are open, the oldest in Squad A for 30 hours."
    )
    tied = (outage(hours=5), outage("Squad A", hours=5))
    assert plain(headline(a_week(partial=True, open=tied))) == "2 incidents are open, the oldest for 5 hours."


def test_the_page_of_one_team_does_not_repeat_its_name() -> None:
    assert "Squad B" not in plain(headline(a_week(one_team=True, open=(outage(),))))
    assert plain(headline(a_week(one_team=True, longest=(outage(),)))).startswith("It took 9 hours")


def test_a_gap_comes_first_and_what_else_is_known_follows() -> None:
    said = headline(a_week(gaps=(Gap(source="PagerDuty", read="Sat 21 Nov"),), open=(outage(),)))
    assert plain(said) == "PagerDuty was last read on Sat 21 Nov; numbers may be incomplete."
    assert any("incident open" in line for line in said.more)


def test_a_gap_repeats_the_reason_that_was_logged_and_no_other() -> None:
    logged = headline(a_week(gaps=(Gap(source="GitHub", read="Sat 21 Nov", reason="The token has expired"),)))
    assert logged.more[0] == "GitHub: The token has expired."
    assert NO_REASON not in logged.more
    assert headline(a_week(gaps=(Gap(source="GitHub", read="Sat 21 Nov"),))).more[0] == NO_REASON


def test_a_first_read_that_is_not_over_wants_no_reason() -> None:
    said = headline(a_week(gaps=(Gap(source="GitHub"),)))
    assert plain(said) == "GitHub has not been read yet, so numbers may be incomplete."
    assert NO_REASON not in said.more


def test_several_gaps_are_counted() -> None:
    gaps = (Gap(source="GitHub", read="Sat 21 Nov"), Gap(source="Jira"))
    assert plain(headline(a_week(gaps=gaps))) == "2 of 4 sources are behind, so numbers may be incomplete."


def test_weeks_without_deployments() -> None:
    one = a_week(deployments=0, silent_weeks=1)
    assert plain(headline(one)) == "No deployments reached users this week."
    assert NO_REASON in headline(one).more
    three = replace(one, silent_weeks=3, last_deployed="week 44")
    assert plain(headline(three)) == "No deployments for 3 weeks; the last was in week 44."
    assert plain(headline(replace(three, last_deployed=""))) == "No deployments for 3 weeks."


def test_a_partial_week_says_so_and_blames_nobody() -> None:
    said = headline(a_week(partial=True, deployments=0))
    assert plain(said) == "No deployments have reached users so far this week."
    assert said.tone == ""
    assert NO_REASON not in said.more
    assert said.more[-1] == "The week is not over, so its counts still grow."
    assert plain(headline(a_week(partial=True))) == "A quiet week so far: 23 deployments, none failed."


def test_the_first_week_compares_with_nothing() -> None:
    said = headline(a_week(is_first=True, before=None))
    assert "It is the first week with data, so there is nothing to compare it with." in said.more
    assert not any("46" in line for line in said.more)


def test_without_any_data_it_says_what_is_missing() -> None:
    nothing = Facts(week=47)
    assert plain(headline(nothing)) == "No source is connected yet, so nothing is measured here."
    assert (
        plain(headline(replace(nothing, sources=2))) == "The sources have reported no deployment and no incident yet."
    )
    assert headline(nothing).how == ()


def test_a_week_before_the_data_names_where_it_begins() -> None:
    assert plain(headline(a_week(too_early=True))) == "There is no data for week 47; it begins in week 12."


def test_without_a_source_of_incidents_a_good_week_says_how_little_it_knows() -> None:
    assert any("rollbacks" in line for line in headline(a_week(incident_source=False)).more)


def test_a_cause_that_a_person_logged_is_repeated() -> None:
    said = headline(a_week(open=(outage(title="Search fails", reason="A certificate had expired"),)))
    assert "Reason logged: A certificate had expired." in said.more
    assert NO_REASON not in said.more


# --- whatever the facts ----------------------------------------------------------------------------------------------

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Nd", "Nl", "No")), max_size=120)
counts = st.integers(0, 3000)
outages = st.builds(
    lambda team, hours, title: Outage(team=team, lasted=hours * HOUR, words=f"{hours} hours", title=title),
    names,
    st.integers(1, 2000),
    names,
)
gaps = st.builds(Gap, source=names, read=st.sampled_from(["", "Sat 21 Nov", "Sat 21 Nov 2025"]), reason=names)
any_facts = st.builds(
    lambda failed, **rest: Facts(failed=min(failed, rest["deployments"]), **rest),
    failed=counts,
    week=st.integers(1, 53),
    one_team=st.booleans(),
    partial=st.booleans(),
    sources=st.integers(0, 40),
    incident_source=st.booleans(),
    first_week=st.sampled_from(["", "week 12", "week 3 of 2019"]),
    is_first=st.booleans(),
    too_early=st.booleans(),
    gaps=st.lists(gaps, max_size=4).map(tuple),
    deployments=counts,
    failed_attempts=counts,
    changes=counts,
    before=st.none() | st.builds(Before, week=st.integers(1, 53), deployments=counts, failed=counts, changes=counts),
    open=st.lists(outages, max_size=4).map(tuple),
    resolved=counts,
    longest=st.lists(outages, max_size=3).map(tuple),
    weeks=st.integers(4, 12),
    silent_weeks=st.integers(0, 12),
    last_deployed=st.sampled_from(["", "week 44", "week 50 of 2025"]),
)


def numbers(text: str) -> set[str]:
    return {one.replace(",", "") for one in re.findall(r"\d[\d,]*", text)}


def known_numbers(facts: Facts) -> set[str]:
    """Every number that the facts hold, in whatever depth, and how many of each thing they list."""

    def within(value: Any) -> set[str]:
        if isinstance(value, tuple):
            ties = {str(sum(one.words == two.words for two in value)) for one in value if isinstance(one, Outage)}
            return {str(len(value))}.union(ties, *(within(one) for one in value))
        if hasattr(value, "__dataclass_fields__"):
            return set().union(*(within(getattr(value, one.name)) for one in fields(value)))
        return numbers(str(value))

    return within(facts)


@given(any_facts)
def test_never_more_than_fifteen_words(facts: Facts) -> None:
    said = headline(facts).sentence
    assert 0 < len(said.split()) <= MOST_WORDS, said


@given(any_facts)
def test_it_never_says_a_number_that_is_not_in_the_facts(facts: Facts) -> None:
    said = headline(facts)
    spoken = " ".join([said.sentence, *said.more, *(one.text for one in said.how)])
    assert numbers(spoken) <= known_numbers(facts) | {"0"}, spoken


CAUSES = re.compile(r"\b(because|due to|owing|caused by|as a result|thanks to|since)\b", re.IGNORECASE)


@given(
    any_facts.map(
        lambda facts: replace(facts, gaps=tuple(replace(gap, source="GitHub", reason="") for gap in facts.gaps))
    )
)
def test_it_never_invents_a_cause(facts: Facts) -> None:
    """Nothing was logged: no word of a cause, and a bad week says that none was logged."""
    bare = replace(
        facts,
        open=tuple(replace(one, title="", team="Squad B") for one in facts.open),
        longest=tuple(replace(one, title="", team="Squad B") for one in facts.longest),
    )
    said = headline(bare)
    assert not CAUSES.search(" ".join([said.sentence, *said.more]))
    assert not any(line.startswith("Reason logged") for line in said.more)
    still_reading = len(bare.gaps) == 1 and not bare.gaps[0].read
    if said.tone in ("late", "risk") and not still_reading:
        assert NO_REASON in said.more


@given(any_facts)
def test_the_same_facts_say_the_same_sentence(facts: Facts) -> None:
    assert headline(facts) == headline(facts)


@given(any_facts)
def test_a_good_tone_never_hides_a_failure_an_incident_or_a_gap(facts: Facts) -> None:
    if headline(facts).tone == "ok":
        assert not any((facts.failed, facts.open, facts.gaps))
