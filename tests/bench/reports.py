"""How long a report takes: its words, each of its forms, and the largest one."""

from __future__ import annotations

from functools import partial

from tests.stakeholders.reports.story import hostile, large, story

from .table import Table, median, seconds, short

RUNS = 5


def measure(table: Table) -> None:
    """The forms of the story, each time with other words, so that nothing is remembered; then the extremes."""
    from stakeholders.reports.renderings import FORMS, fonts
    from stakeholders.reports.wording import document

    facts = story()
    told = [document(facts, audience="engineering", words={"headline": f"Draft {n}"}) for n in range(RUNS)]
    table.add(
        "Report worded", short(median([seconds(lambda: document(facts, audience="finance")) for _ in range(RUNS)]))
    )
    table.add("Fonts unpacked or found, once for each process", short(seconds(fonts.loaded)))
    for suffix, form in FORMS.items():
        form.render(told[0], facts)  # its library is imported
        took = [seconds(partial(form.render, one, facts)) for one in told[1:]]
        table.add(f"  as {form.name}", short(median(took)), f"median of {len(took)}, .{suffix}")
    for name, build in (("2,000 outcomes", large), ("endless words in other scripts", hostile)):
        facts = build()
        worst = document(facts, audience="finance")
        took = {form.name: seconds(partial(form.render, worst, facts)) for form in FORMS.values()}
        slowest = max(took, key=lambda one: took[one])
        table.add(f"  {name}, all forms", short(sum(took.values())), f"slowest {slowest}, {short(took[slowest])}")
