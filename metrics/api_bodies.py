"""What may be sent to the plain door, field by field, and what is said when it is not right."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from . import read

OUTCOMES = ["success", "failure", "cancelled", "unknown", "running", "queued"]
ENDS_FIRST = "This is before the start. Check both times and their zones."


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(serializers.Field[Any, Any, Any, Any]):
    """An instant, in any way in which machines write one."""

    default_error_messages = {"invalid": "Write a time with its zone, like 2026-01-31T14:05:00Z."}

    def to_internal_value(self, data: object) -> datetime:
        at = read.when(data)
        if at is None:
            self.fail("invalid")
        return at  # type: ignore[return-value]  # fail() raises

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(OpenApiTypes.STR)
class Id(serializers.Field[Any, Any, Any, Any]):
    """An id: text or a whole number."""

    default_error_messages = {"invalid": "Write an id: text of at most 200 characters, or a whole number."}

    def to_internal_value(self, data: object) -> str:
        found = read.ident(data)
        if not found or len(str(data)) > 200:
            self.fail("invalid")
        return found

    def to_representation(self, value: Any) -> Any:
        return value


def _words(most: int, *, required: bool = False, about: str = "") -> serializers.CharField:
    return serializers.CharField(
        max_length=most, required=required, allow_null=not required, allow_blank=not required, help_text=about
    )


def _moment(about: str = "", *, required: bool = False) -> Moment:
    return Moment(required=required, allow_null=not required, help_text=about)


class Body(serializers.Serializer[Any]):
    """A thing that was sent; names that we do not know are kept and not read."""

    updated_at = _moment("When the sender last changed it. Of two bodies the newer counts, in whichever order.")

    pairs: tuple[tuple[str, str], ...] = ()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for start, end in self.pairs:
            if attrs.get(start) and attrs.get(end) and attrs[end] < attrs[start]:
                raise serializers.ValidationError({end: ENDS_FIRST})
        return attrs


class DeploymentBody(Body):
    id = Id(help_text="Yours: sent again with the same id it is the same deployment.")
    service = _words(200, about="What was deployed; left out where the source has only one service.")
    environment = _words(100, about="“production” when left out.")
    production = serializers.BooleanField(required=False, allow_null=True, default=None)
    sha = _words(64, about="The commit that was put there.")
    ref = _words(300, about="Its tag or branch.")
    repository = _words(200, about="acme/shop, where a source has several.")
    outcome = serializers.ChoiceField(
        OUTCOMES,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="“success” when left out with an end.",
    )
    started_at = _moment()
    finished_at = _moment()
    answer = serializers.ChoiceField(
        ["rollback", "hotfix"], required=False, allow_null=True, allow_blank=True, help_text="Why it was not planned."
    )
    answers = Id(required=False, allow_null=True, help_text="The id of the deployment that it took back or mended.")
    title = _words(300)
    url = _words(500)
    pairs = (("started_at", "finished_at"),)


class ChangeBody(Body):
    sha = _words(64, required=True, about="The commit that stands for it on the main branch.")
    repository = _words(200)
    number = Id(required=False, allow_null=True, help_text="Of the pull request.")
    title = _words(300, required=True)
    author = _words(200)
    commits = serializers.ListField(
        child=serializers.CharField(max_length=64), required=False, allow_null=True, max_length=1000
    )
    first_commit_at = _moment("When the first of its commits was written: lead time begins here.")
    opened_at = _moment()
    first_review_at = _moment()
    approved_at = _moment()
    merged_at = _moment("A change counts once it is merged.")
    reverts = _words(64, about="The commit that this one takes back.")
    url = _words(500)
    pairs = (("first_commit_at", "merged_at"), ("opened_at", "merged_at"))


class JobBody(serializers.Serializer[Any]):
    id = Id(required=False, allow_null=True)
    name = _words(200, required=True)
    stage = _words(100)
    outcome = serializers.ChoiceField(OUTCOMES, required=False, allow_null=True, allow_blank=True)
    queued_at = _moment()
    started_at = _moment()
    finished_at = _moment()


class RunBody(Body):
    id = Id()
    attempt = serializers.IntegerField(required=False, min_value=1, max_value=9999)
    workflow = _words(200, required=True, about="The name of the pipeline.")
    service = _words(200)
    repository = _words(200)
    branch = _words(200)
    on_main = serializers.BooleanField(required=False, allow_null=True, default=None)
    sha = _words(64)
    event = _words(40, about="push, schedule, …")
    outcome = serializers.ChoiceField(OUTCOMES, required=False, allow_null=True, allow_blank=True)
    queued_at = _moment()
    started_at = _moment()
    finished_at = _moment()
    coverage = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=100)
    jobs = JobBody(many=True, required=False)
    url = _words(500)
    pairs = (("queued_at", "started_at"), ("started_at", "finished_at"))


class IncidentBody(Body):
    id = Id()
    service = _words(200)
    title = _words(300, required=True)
    started_at = _moment("When users began to be hurt.", required=True)
    resolved_at = _moment("When service was restored; null while it is not.")
    severity = _words(40)
    type = _words(100, about="“incident” when left out; rules may ask about it.")
    priority = _words(40)
    urgency = _words(40)
    labels = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, allow_null=True, max_length=50
    )
    caused_by = Id(required=False, allow_null=True, help_text="The id of the deployment that caused it.")
    url = _words(500)
    pairs = (("started_at", "resolved_at"),)


# --- Apache DevLake's ------------------------------------------------------------------------------------------------


class DevLakeCommitBody(serializers.Serializer[Any]):
    repoUrl = serializers.CharField(max_length=500)
    commitSha = serializers.CharField(max_length=64)
    refName = _words(300)
    startedDate = _moment()
    finishedDate = _moment()


class DevLakeDeploymentBody(serializers.Serializer[Any]):
    """A deployment as DevLake's webhook takes it; its older names of fields are understood as well."""

    id = Id(required=False)
    result = _words(40)
    environment = _words(100)
    displayTitle = _words(300)
    createdDate = _moment()
    startedDate = _moment()
    finishedDate = _moment()
    deploymentCommits = DevLakeCommitBody(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        said = self.initial_data if isinstance(self.initial_data, dict) else {}
        old = said.get("deployment_commits") or said.get("commit_sha")
        if not (attrs.get("deploymentCommits") or old):
            raise serializers.ValidationError({"deploymentCommits": "Name at least one commit: repoUrl and commitSha."})
        if not (attrs.get("id") or old):
            raise serializers.ValidationError({"id": "Write an id, so that it is known again when it is sent twice."})
        if not (attrs.get("startedDate") or read.when(said.get("start_time"))):
            raise serializers.ValidationError({"startedDate": "Write when it began, like 2026-01-31T14:05:00Z."})
        if attrs.get("startedDate") and attrs.get("finishedDate") and attrs["finishedDate"] < attrs["startedDate"]:
            raise serializers.ValidationError({"finishedDate": ENDS_FIRST})
        return attrs


class DevLakeIssueBody(serializers.Serializer[Any]):
    issueKey = Id()
    title = serializers.CharField(max_length=500)
    type = _words(100)
    status = serializers.ChoiceField(["TODO", "IN_PROGRESS", "DONE"])
    originalStatus = _words(100)
    createdDate = _moment(required=True)
    resolutionDate = _moment()
    updatedDate = _moment()
    severity = _words(40)
    priority = _words(40)
    component = _words(200)
    url = _words(500)


class Kept(serializers.Serializer[Any]):
    """The answer to what was taken."""

    ids = serializers.ListField(child=serializers.CharField(), help_text="Of what was taken, in the order it came.")
    again = serializers.BooleanField(help_text="Whether just this was taken before; then it changes nothing.")


class Wrong(serializers.Serializer[Any]):
    """The answer to what was not taken; nothing of it was kept."""

    detail = serializers.CharField()
    errors = serializers.ListField(child=serializers.DictField(), required=False)
