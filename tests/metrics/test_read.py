"""Vendors' words: times in many forms, ids of both kinds, texts and links that a page may show, JSON with bounds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import read
from metrics.events import Unreadable

NOON = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)
instants = st.datetimes(datetime(1971, 1, 2), datetime(2200, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "said",
    [
        "2024-02-29T12:00:00Z", "2024-02-29T12:00:00", "2024-02-29T14:00:00+02:00", "2024-02-29T07:00:00.000-0500",
        "2024-02-29 12:00:00 UTC", "2024-02-29 12:00:00 +0000", "20240229T120000Z", "2024-02-29T12:00Z",
        "2024-02-29T12:00:00.000000000Z", "2024-02-29T12:00:00,0Z", "2024-02-29t12:00:00z".upper(),
        "Thu, 29 Feb 2024 12:00:00 GMT", "Thu, 29 Feb 2024 13:00:00 +0100", " 2024-02-29T12:00:00Z\n",
        1709208000, "1709208000", 1709208000.0, "1709208000.0", 1709208000000, "1709208000000", 1709208000000000,
        1709208000000000000, NOON, NOON.astimezone(timezone(timedelta(hours=9))), NOON.replace(tzinfo=None),
    ],
)  # fmt: skip
def test_one_instant_in_many_words(said):
    found = read.when(said)
    assert found == NOON
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "said",
    [
        None, "", "soon", True, False, [], {}, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 0, "0",
        -62135596800, "1970-01-01T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01", float("nan"), float("inf"),
        1e300, 10**30, "2024-02-29T13+01",
        "9999-12-31T23:59:59-12:00", "99999-01-01", "2024-02-29T25:00:00Z", "2024-02-29T12:00:00+99:00", "-5", "٢٠٢٤",
    ],
)  # fmt: skip
def test_what_is_no_time_is_not_known(said):
    assert read.when(said) is None


def test_a_date_alone_is_its_first_moment_and_a_leap_second_the_next():
    assert read.when("2024-02-29") == read.when("20240229") == datetime(2024, 2, 29, tzinfo=UTC)
    assert read.when("2016-12-31T23:59:60Z") == datetime(2017, 1, 1, tzinfo=UTC)


@given(instants, st.integers(-14 * 60, 14 * 60))
@settings(deadline=None, max_examples=60)
def test_every_form_of_an_instant_is_that_instant(at, minutes):
    there = at.astimezone(timezone(timedelta(minutes=minutes)))
    assert read.when(there.isoformat()) == at
    assert read.when(at.isoformat().replace("+00:00", "Z")) == at
    assert read.when(at.strftime("%a, %d %b %Y %H:%M:%S +0000")) == at.replace(microsecond=0)
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    micro = since // timedelta(microseconds=1)
    assert read.when(micro // 1_000_000) == at.replace(microsecond=0)
    if micro >= 10**14:  # from 1973 on, millionths cannot be taken for thousandths
        assert read.when(micro) == read.when(str(micro)) == at
        assert read.when(micro * 1000) == at


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.binary()))
@settings(deadline=None, max_examples=100)
def test_nothing_that_is_said_makes_the_readers_fail(said):
    found = read.when(said)
    assert found is None or found.tzinfo is not None
    assert isinstance(read.text(said, 20), str)
    assert len(read.text(said, 20)) <= 20
    assert isinstance(read.ident(said), str)
    assert isinstance(read.link(said), str)


def test_a_time_far_ahead_is_not_plausible():
    assert read.plausible(NOON, now=NOON) == NOON
    assert read.plausible(NOON + timedelta(hours=23), now=NOON) is not None
    assert read.plausible(NOON + timedelta(hours=25), now=NOON) is None
    assert read.plausible(None, now=NOON) is None


def test_the_latest_and_the_earliest_of_what_is_known():
    late = NOON + timedelta(hours=1)
    assert read.latest(None, NOON, late) == late
    assert read.earliest(late, None, NOON) == NOON
    assert read.latest(None) is None
    assert read.earliest() is None


def test_a_text_is_one_line_cut_at_its_end():
    assert read.text("  Fix\tthe\n\nlogin \x00\x1b[31m") == "Fix the login [31m"
    assert read.text("a" * 300, 10) == "aaaaaaaaa…"
    assert read.text("safe \u202egnp.exe") == "safe gnp.exe"
    assert read.text("lone \ud800 half") == "lone half"
    assert read.text(None) == read.text({"a": 1}) == read.text(True) == ""
    assert read.text(12) == "12"


def test_an_id_is_the_same_as_number_and_as_string():
    assert read.ident(42) == read.ident("42") == read.ident(42.0) == "42"
    assert read.ident(None) == read.ident(True) == read.ident([1]) == read.ident(1.5) == ""


def test_only_web_addresses_without_a_password_are_links():
    good = "https://github.com/acme/api/pull/1?x=1#a"
    assert read.link(good) == good
    assert read.link("http://ci.example:8080/job/a%20b/") == "http://ci.example:8080/job/a%20b/"
    for bad in (
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "//example.org/x", "ftp://example.org",
        "/x", "",         "https://user:pw@example.org/", "https://", "https://example.org/a b", 'https://example.org/"><script>',
        "https://example.org:99999/", "https://[::1", "java\nscript:alert(1)", None, 5,
        "https://example.org/" + "a" * 2000,
    ):  # fmt: skip
        assert read.link(bad) == "", bad


def test_a_digest_depends_on_where_a_part_ends():
    assert read.digest("ab", "c") != read.digest("a", "bc")
    assert read.digest("ab") == read.digest(b"ab")
    assert len(read.digest()) == 64


def test_a_nested_value_or_nothing():
    said = {"a": [{"b": None}, {"b": {"c": 3}}]}
    assert read.at(said, "a", 1, "b", "c") == 3
    assert read.at(said, "a", 0, "b", "c") is None
    assert read.at(said, "a", 7) is None
    assert read.at(said, 0) is None
    assert read.at("text", 0) is None
    assert read.rows([{"a": 1}, None, 3]) == [{"a": 1}]
    assert read.rows(None) == []
    assert read.table([1]) == {}


def test_json_that_is_none_or_too_deep_is_unreadable():
    assert read.decoded(b'{"a":[1,"\xc3\xbc"]}') == {"a": [1, "ü"]}
    assert read.decoded(b"[" * 100 + b"]" * 100)
    for bad in (
        b"", b"{", b"<!DOCTYPE html>", b'{"a":1', b"\xff\xfe", b"[" * 100_000 + b"]" * 100_000, b"[" * 100_000,
        b"[" * 201 + b"]" * 201, b'{"a":' * 100_000, b"NaN",
    ):  # fmt: skip
        with pytest.raises(Unreadable):
            read.decoded(bad)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
@settings(deadline=None, max_examples=60)
def test_the_same_answer_always_makes_the_same_bytes(said):
    shuffled = dict(reversed(said.items())) if isinstance(said, dict) else said
    assert read.encoded(said) == read.encoded(shuffled)
    assert read.decoded(read.encoded(said)) == json.loads(json.dumps(said))
