"""Forms of an import: the file, what its columns mean, what Jira's fields mean."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from delivery.imports import mapping
from delivery.imports.columns import KINDS, guess, missing
from delivery.imports.jira import Issues, is_day
from delivery.imports.known import Choices, Known
from delivery.imports.mapping import Mapping
from delivery.imports.plan import MOST_BYTES, MOST_ROWS
from delivery.imports.rows import Table
from delivery.models import Slip

WHAT = (
    ("commitments", "Commitments, as CSV"),
    ("dependencies", "Dependencies, as CSV"),
    ("jira-json", "Jira issues, as JSON"),
    ("jira-csv", "Jira issues, as Jira's CSV export"),
)
ORDERS = (("", "Refuse what can be two days"), ("dmy", "Day first: 31/01/2026"), ("mdy", "Month first: 01/31/2026"))
MOST_PASTED = 2_000_000


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label="What it holds", choices=WHAT, widget=forms.RadioSelect, initial="commitments")
    file = forms.FileField(
        label="File", required=False, allow_empty_file=True,
        help_text=f"Up to {MOST_BYTES // 1_000_000} MB and {MOST_ROWS:,} rows.",
    )  # fmt: skip
    text = forms.CharField(
        label="Or paste it", required=False, strip=False, max_length=MOST_PASTED,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "mono", "dir": "auto"}),
        help_text="Rows copied from a spreadsheet will do. For more than 2 MB choose a file.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        file: UploadedFile | None = found.get("file")
        if file is None and not (found.get("text") or "").strip():
            if "text" not in self.errors and "file" not in self.errors:
                self.add_error("file", "Choose a file, or paste its text.")
        elif file is not None and (file.size or 0) > MOST_BYTES:
            words = f"This file holds {(file.size or 0) / 1e6:,.1f} MB; {MOST_BYTES // 1_000_000} MB fit."
            self.add_error("file", f"{words} Split it into several files.")
        return found

    def raw(self) -> bytes:
        """What was sent: the file, else what was pasted."""
        file: UploadedFile | None = self.cleaned_data["file"]
        return file.read() if file is not None else self.cleaned_data["text"].encode()


class _Choices(forms.Form):
    """What holds for the whole file."""

    order = forms.ChoiceField(
        label="Days such as 03/04/2026", choices=ORDERS, required=False,
        help_text="Days written as 2026-01-31 or 31 Jan 2026 are read either way.",
    )  # fmt: skip
    team = forms.ChoiceField(label="Team of rows that name none", required=False)
    reason = forms.ChoiceField(
        label="Reason of dates that moved", choices=[("", "Each row gives its own"), *Slip.Reason.choices],
        required=False, help_text="Used where a promise moves and its row gives no reason.",
    )  # fmt: skip
    option = forms.CharField(
        label="Option for dates that moved later", required=False, max_length=300,
        help_text="What could be done about them, used where a row has no option of its own.",
    )  # fmt: skip
    source = forms.SlugField(
        label="Name of the source", max_length=40,
        help_text="Ids count within it: the same id from the same source is the same promise.",
    )  # fmt: skip

    def teams(self, known: Known) -> list[tuple[str, str]]:
        return [(team.slug, team.name) for team in known.teams if not team.is_group and not team.is_closed]

    def whole(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("order", "team", "reason", "option", "source")}


class ColumnsForm(_Choices):
    """One choice for each column of a CSV."""

    def __init__(self, data: Any, *, kind: str, table: Table, fields: list[str], known: Known, chosen: Choices) -> None:
        super().__init__(data, initial=_initial(chosen))
        self.kind, self.count = kind, len(table.names)
        guessed = guess(table.names, KINDS[kind])
        offered = [("", "Leave it out"), *((one.field, one.name) for one in KINDS[kind])]
        for index, name in enumerate(table.names):
            sample = next((row.cells[index] for row in table.rows[:200] if row.cells[index]), "")
            self.fields[f"column_{index}"] = forms.ChoiceField(
                label=name or f"Column {index + 1}", choices=offered, required=False,
                initial=fields[index] or guessed[index], help_text=f"For example: {sample[:60]}" if sample else "Empty",
            )  # fmt: skip
        _field(self, "team").choices = [("", "None: such rows are refused"), *self.teams(known)]
        if kind == "dependencies":
            for name in ("team", "reason", "option"):
                self.fields[name].widget = forms.HiddenInput()

    @property
    def columns(self) -> list[forms.BoundField]:
        return [self[f"column_{index}"] for index in range(self.count)]

    @property
    def others(self) -> list[forms.BoundField]:
        return [self[name] for name in ("order", "team", "reason", "option", "source")]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        taken: dict[str, str] = {}
        for index in range(self.count):
            field = found.get(f"column_{index}")
            if field and field in taken:
                self.add_error(f"column_{index}", f"{taken[field]} is read as this already. Choose another.")
            elif field:
                taken[field] = str(self.fields[f"column_{index}"].label)
        lacking = missing(list(taken), KINDS[self.kind])
        if lacking:
            self.add_error(None, f"Choose the column that holds {' and the one that holds '.join(lacking)}.")
        return found

    def chosen(self) -> dict[str, Any]:
        return self.whole() | {"fields": [self.cleaned_data[f"column_{index}"] for index in range(self.count)]}


class JiraForm(_Choices):
    """What Jira's fields mean here. Its choices of teams and links come from the issues themselves."""

    promised = forms.ChoiceField(label="Day of the promise", help_text="Issues without such a day are left out.")
    estimate = forms.ChoiceField(label="Estimate", required=False)
    unit = forms.ChoiceField(label="The estimate counts", choices=list(mapping.UNITS.items()))
    days_a_point = forms.FloatField(label="Working days in a story point", min_value=0.01, max_value=100)
    hours_a_day = forms.FloatField(label="Hours of work in a day", min_value=0.5, max_value=24)
    low = forms.FloatField(label="Low is the estimate times", min_value=0, max_value=1)
    high = forms.FloatField(label="High is the estimate times", min_value=1, max_value=10)
    team_field = forms.ChoiceField(label="Team", help_text="The field that says which team it belongs to.")
    interval = forms.ChoiceField(label="Planning interval", required=False)

    PLAIN = ("promised", "estimate", "unit", "days_a_point", "hours_a_day", "low", "high", "team_field", "interval")

    def __init__(self, data: Any, *, issues: Issues, now: Mapping, known: Known, chosen: Choices) -> None:
        initial = _initial(chosen) | {name: getattr(now, name, "") for name in self.PLAIN} | {"team_field": now.team}
        super().__init__(data, initial=initial)
        named = sorted(issues.labels.items(), key=lambda one: one[1].lower())[:400]
        days = [one for one in named if any(is_day(issue.one(one[0])) for issue in issues.issues[:500])]
        releases = [("release", "Release day of the fix version")] if issues.unit == "issue" else []
        _field(self, "promised").choices = list(dict([("duedate", "Due date"), *releases, *days]).items())
        _field(self, "estimate").choices = [("", "None: promises without an estimate"), *named]
        _field(self, "team_field").choices = list(dict([("project", "Project"), *named]).items())
        _field(self, "interval").choices = [("", "None"), *named]
        self.fields.pop("team")
        self.values = mapping.values_of(issues, now.team)
        self.kinds = list(issues.words)[:60]
        for index, value in enumerate(self.values):
            self.fields[f"team_{index}"] = forms.ChoiceField(
                label=value, choices=[("", "Leave these issues out"), *self.teams(known)], required=False,
                initial=now.teams.get(value, ""),
            )  # fmt: skip
        for index, name in enumerate(self.kinds):
            words = issues.words[name] or name.lower()
            self.fields[f"link_{index}"] = forms.ChoiceField(
                label=name, required=False, initial=now.links.get(name, ""),
                choices=[
                    ("", "No dependency"),
                    (mapping.THIS_FIRST, f"Dependency: what “{words}” comes first"),
                    (mapping.OTHER_FIRST, f"Dependency: what “{words}” waits for the other"),
                ],
            )  # fmt: skip

    @property
    def plain(self) -> list[forms.BoundField]:
        return [self[name] for name in self.PLAIN]

    @property
    def of_teams(self) -> list[forms.BoundField]:
        return [self[f"team_{index}"] for index in range(len(self.values))]

    @property
    def of_links(self) -> list[forms.BoundField]:
        return [self[f"link_{index}"] for index in range(len(self.kinds))]

    @property
    def others(self) -> list[forms.BoundField]:
        return [self[name] for name in ("order", "reason", "option", "source")]

    def chosen(self) -> dict[str, Any]:
        said = {name: self.cleaned_data[name] for name in self.PLAIN if name != "team_field"}
        said["team"] = self.cleaned_data["team_field"]
        said["teams"] = {value: self.cleaned_data[f"team_{index}"] for index, value in enumerate(self.values)}
        said["links"] = {name: self.cleaned_data[f"link_{index}"] for index, name in enumerate(self.kinds)}
        whole = {name: self.cleaned_data[name] for name in ("order", "reason", "option", "source")}
        return whole | {"mapping": said}


def _initial(chosen: Choices) -> dict[str, Any]:
    return {name: getattr(chosen, name) for name in ("order", "team", "reason", "option", "source")}


def _field(form: forms.Form, name: str) -> forms.ChoiceField:
    found = form.fields[name]
    assert isinstance(found, forms.ChoiceField)
    return found
