"""The rules page: lines added and removed without JavaScript, a preview that writes nothing, saving, what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import rule_preview, rule_sheets, streams
from metrics.models import Deployment, Observed, Source, Stream
from metrics.rules import BadRule, Rules, compiled
from tests.observing import said

from .evidence import take

USUAL = {"production-own": "0", "incidents-own": "0"}


def own(*patterns: str, trait: str = "environment") -> dict[str, str]:
    fields = {"production-own": "1", "incidents-own": "0"}
    for number, pattern in enumerate(patterns):
        fields |= {f"production-{number}-0-trait": trait, f"production-{number}-0-pattern": pattern}
    return fields


def page(answer: Any) -> str:
    found: str = answer.content.decode().replace("&#x27;", "'")
    return found


@pytest.fixture
def rules(source: Source) -> str:
    """Ten deployments, three of them to production and two to prod-eu; the address of the source's rules."""
    where = ["production"] * 3 + ["prod-eu"] * 2 + ["staging"] * 5
    take(source, *(said("deployment", f"d{n}", n, outcome="success", finished=n, environment=one)
                   for n, one in enumerate(where)))  # fmt: skip
    return f"/source/{source.pk}/rules/"


@pytest.mark.django_db
def test_the_usual_rules_are_shown_with_what_they_say(browser: Client, rules: str) -> None:
    shown = page(browser.get(rules))
    assert "As usual: environment is production" in shown
    assert "As usual: what the provider itself says" in shown  # of incidents
    assert "How patterns are written" in shown
    assert "the environment's tier" not in shown, "only what this provider can be asked"


@pytest.mark.django_db
def test_the_preview_says_how_many_count_and_what_changes_and_writes_nothing(
    browser: Client,
    rules: str,
    source: Source,
) -> None:
    before = list(Deployment.objects.order_by("pk").values())
    shown = page(browser.post(rules, own("prod*") | {"act": "preview"}))
    assert "With these rules, 5 of the last 10 deployments are production deployments; now 3 are." in shown
    assert "2 rows change" in shown
    assert shown.count("Counts now") == 2
    assert shown.count("Counts, as now") == 3
    assert 'value="prod*"' in shown, "what was typed stays"
    shown = page(browser.post(rules, own("staging") | {"act": "preview"}))
    assert shown.count("Counts no longer") == 3
    assert shown.count("Counts now") == 5
    source.refresh_from_db()
    assert "rules" not in source.settings
    assert list(Deployment.objects.order_by("pk").values()) == before
    assert not source.streams.filter(kind="derive").exists()


@pytest.mark.django_db
def test_the_preview_shows_services_that_move_and_runs_that_deploy(
    browser: Client,
    rules: str,
    source: Source,
) -> None:
    take(source, *(said("run", f"r{n}", n, outcome="success", finished=n, workflow="Deploy" if n < 2 else "CI")
                   for n in range(6)))  # fmt: skip
    fields = own("production") | {
        "production-1-0-trait": "via", "production-1-0-pattern": "run", "production-1-1-trait": "repository",
        "production-1-1-pattern": "acme/*", "services-0-0-trait": "repository", "services-0-0-pattern": "acme/*",
        "services-0-name": r"svc-\1", "act": "preview",
    }  # fmt: skip
    shown = page(browser.post(rules, fields))
    assert "With these rules, 6 of the last 6 pipeline runs are production deployments; now 0 are." in shown
    assert "Moves from acme/api" in shown
    assert "svc-api" in shown


@pytest.mark.django_db
def test_saving_works_out_anew_and_shows_progress(browser: Client, rules: str, source: Source) -> None:
    assert Deployment.objects.filter(production=True).count() == 3
    sent = browser.post(rules, own("prod*") | {"act": "save"})
    assert (sent.status_code, sent["Location"]) == (302, rules)
    source.refresh_from_db()
    assert source.settings["rules"] == {"production": [{"environment": "prod*"}], "services": []}
    assert "Working facts out anew" in page(browser.get(rules + "now/"))
    stream = source.streams.get(kind="derive")
    while streams.read(stream.pk, "test"):
        pass
    assert "Facts are worked out under these rules" in page(browser.get(rules + "now/"))
    assert Deployment.objects.filter(production=True).count() == 5
    shown = page(browser.get(rules))
    assert 'value="prod*"' in shown
    browser.post(rules, USUAL | {"act": "save"})
    source.refresh_from_db()
    assert source.settings["rules"] == {"services": []}, "the usual rules are not copied: they are the provider's"


@pytest.mark.django_db
def test_lines_come_and_go_and_nothing_typed_is_lost(browser: Client, rules: str) -> None:
    shown = page(browser.post(rules, own("one", "two") | {"act": "remove-production-0"}))
    assert 'value="one"' not in shown
    assert 'value="two"' in shown
    shown = page(browser.post(rules, own("one", "(") | {"act": "more-production-1"}))
    assert 'name="production-1-1-pattern"' in shown
    assert 'value="("' in shown
    shown = page(browser.post(rules, USUAL | {"act": "own-production"}))
    assert 'value="production"' in shown, "one's own rules begin with the usual ones"
    shown = page(browser.post(rules, own("one") | {"act": "usual-production"}))
    assert "As usual: environment is production" in shown
    shown = page(browser.post(rules, own("one") | {"act": "add-services"}))
    assert 'name="services-0-name"' in shown
    assert 'value="one"' in shown


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (own("/(/"), "is not a regular expression"),
        (own("x" * 201), "at most 200 characters"),
        (own(" , "), "between the commas"),
        (own("a", trait="nonsense"), "Choose what to look at."),
        ({"services-0-0-trait": "repository", "services-0-0-pattern": "a"}, "Say which service this is."),
        ({"services-0-name": "api"}, "Write what to look for, or remove the line."),
    ],
)
def test_a_rule_that_cannot_be_used_is_told_at_its_field_and_kept(
    browser: Client,
    rules: str,
    source: Source,
    fields: dict[str, str],
    sentence: str,
) -> None:
    for act in ("preview", "save"):
        sent = browser.post(rules, USUAL | fields | {"act": act})
        shown = page(sent)
        assert sent.status_code == 422
        assert sentence in shown
        assert 'aria-invalid="true"' in shown
        typed = [value for key, value in fields.items() if key.endswith(("pattern", "name"))]
        assert all(f'value="{value}"' in shown for value in typed)
    source.refresh_from_db()
    assert "rules" not in source.settings


@pytest.mark.django_db
def test_a_pattern_is_data_and_never_markup(browser: Client, rules: str) -> None:
    shown = page(browser.post(rules, own('"><script>alert(1)</script>') | {"act": "preview"}))
    assert "<script>alert" not in shown


@pytest.mark.django_db
def test_a_source_without_rules_has_no_such_page(browser: Client, source: Source) -> None:
    Source.objects.filter(pk=source.pk).update(provider="git")
    assert browser.get(f"/source/{source.pk}/rules/").status_code == 404


@pytest.mark.django_db
def test_the_preview_looks_at_two_hundred_things_of_a_kind_whatever_is_held(source: Source) -> None:
    take(source, *(said("deployment", f"d{n}", n, outcome="success", finished=n) for n in range(260)))
    take(source, *(said("commit", f"c{n}", n) for n in range(5)))
    assert Observed.objects.filter(source=source).count() == 265
    with connection.execute_wrapper(_counted := _Counted()):
        found = rule_preview.preview(source, Rules(production=({"environment": "*"},)), now=timezone.now())
    assert [(one.label, one.looked, one.count) for one in found.tallies] == [("Deployment", 200, 200)]
    assert (len(found.rows), found.more) == (rule_preview.SHOWN, 200 - rule_preview.SHOWN)
    assert _counted.number <= 1 + 3 * 2
    assert Stream.objects.filter(source=source, kind="derive").count() == 0


class _Counted:
    def __init__(self) -> None:
        self.number = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        self.number += 1
        return execute(sql, params, many, context)


FIELD = st.tuples(st.sampled_from(rule_sheets.KINDS), st.integers(0, 4), st.integers(0, 3),
                  st.sampled_from(["trait", "pattern", "name", "x"]), st.text(max_size=12))  # fmt: skip


@given(st.lists(FIELD, max_size=12), st.text(max_size=20))
@settings(max_examples=60, deadline=None)
def test_whatever_is_sent_is_read_or_told_wrong_and_what_is_right_can_be_stored(fields: Any, act: str) -> None:
    sent = {f"{kind}-{a}-{b}-{part}" if part != "name" else f"{kind}-{a}-name": said_
            for kind, a, b, part, said_ in fields}  # fmt: skip
    sheets = rule_sheets.typed(sent | {"production-own": "1", "incidents-own": "1"})
    rule_sheets.acted(sheets, act, {})
    right = [sheet.is_right() for sheet in sheets]
    if all(right):
        said_ = rule_sheets.rules_of(sheets)
        Rules.of({"rules": said_})
        again = rule_sheets.stored(said_, {})
        assert rule_sheets.rules_of(again) == said_


@pytest.mark.parametrize("pattern", ["/(a+)+$/", "/(a|aa)+$/", "/^(?:x*)*y/", "/(a{2,})+/", "/((a+))+/"])
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(BadRule, match="could take for ever"):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern", [r"/^v[0-9]+\.[0-9]+/", "/(eu|us)-prod/", r"/(?P<part>[a-z+*]+)\/deploy/", "/(ab)+/", r"/([0-9]{2}\.)+/"]
)
def test_a_usual_pattern_is_not(pattern: str) -> None:
    assert compiled(pattern)
