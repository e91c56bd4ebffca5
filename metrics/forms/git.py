"""What is asked of a Git repository."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from metrics.models import Source
from metrics.providers.git.parse import HOTFIX
from teams.models import Team

RULES = [
    ("tags", "Every tag is a deployment"),
    ("pattern", "A tag that matches a pattern is a deployment"),
    ("branch", "Every step of a branch is a deployment"),
]


class GitSourceForm(forms.Form):
    """A Git repository: where it is, whose service it holds, and what counts as a deployment."""

    address = forms.CharField(
        label="Address of the repository",
        max_length=500,
        help_text="Such as https://git.example.org/team/service.git. Its commits and tags are read; its files are not.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(label="Name", max_length=120, help_text="As people here call it.")
    owner = forms.ModelChoiceField(
        label="Whose service is it", queryset=Team.objects.none(), empty_label="Choose a team"
    )
    deployments = forms.ChoiceField(
        label="What counts as a deployment", choices=RULES, initial="tags", widget=forms.RadioSelect
    )
    pattern = forms.CharField(
        label="Pattern of the tags",
        max_length=200,
        required=False,
        help_text="A regular expression such as ^v[0-9]. A group called service, as in ^(?P<service>[a-z]+)/v, "
        "names the service in a repository that holds several.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    branch = forms.CharField(
        label="Branch", max_length=200, required=False, help_text="Left empty: the repository's default branch."
    )
    hotfix = forms.CharField(
        label="Pattern of hotfix tags",
        max_length=200,
        required=False,
        initial=HOTFIX,
        help_text="A tag that matches is an unplanned deployment that mends the one before it.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    secret = forms.CharField(
        label="Token",
        max_length=500,
        required=False,
        help_text="For a private repository: a token that may read it, or user:token. Kept encrypted, not shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, owners: QuerySet[Team], source: Source | None = None, **kwargs: Any) -> None:
        if source is not None:
            kwargs["initial"] = {**source.settings, "address": source.address, "name": source.name}
        super().__init__(*args, **kwargs)
        self.source = source
        if source is None:
            self.fields["owner"].queryset = owners  # type: ignore[attr-defined]  # a field of whatever class
        else:
            del self.fields["owner"]  # a service that is known is handed over, see `HandOverForm`
        if source is not None and source.secret:
            self.fields["secret"].help_text = "A token is stored. Left empty it stays; a new one replaces it."

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("deployments") == "pattern" and not data.get("pattern"):
            self.add_error("pattern", "Write the pattern that the tags of a deployment match.")
        return data

    def settings(self) -> dict[str, Any]:
        """The part of the answers that the provider's rules are made of."""
        return {
            key: self.cleaned_data[key]
            for key in ("deployments", "pattern", "branch", "hotfix")
            if self.cleaned_data[key]
        }
