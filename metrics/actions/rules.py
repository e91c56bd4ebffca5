"""What facts mean: a source's rules, and working its facts out anew under them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from metrics import reading, registry
from metrics.models import Source
from metrics.rules import BadRule, Rules
from teams.models import User

from .refused import Refused
from .sources import begin


@transaction.atomic
def change_rules(*, source: Source, rules: Mapping[str, Any], by: User | None) -> Source:
    """Keep `rules` and work all facts that are held out anew, without asking the provider. Raises Refused."""
    known = registry.guide(source.provider)
    try:
        Rules.of({"rules": rules}, known.default_rules if known else None)
    except BadRule as wrong:
        raise Refused(f"{wrong.place}: {wrong}" if wrong.place else str(wrong), wrong.place or None) from wrong
    held = Source.objects.select_for_update().get(pk=source.pk)
    held.settings = {**held.settings, "rules": dict(rules)}
    held.save(update_fields=["settings"])
    work_out_anew(source=held, by=by)
    return held


@transaction.atomic
def work_out_anew(*, source: Source, by: User | None) -> None:
    """Derive all facts of `source` again from what is held, with progress."""
    begin(source, reading.DERIVE)
