"""Bodies of Apache DevLake's webhook, told in the words of our own bodies. Pure.

Its older names (pipeline_id, commit_sha, start_time, …) are read too. A value that it does not send stays unsaid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from metrics import read

RESULTS = {
    "success": "success",
    "failure": "failure",
    "failed": "failure",
    "abort": "cancelled",
    "aborted": "cancelled",
}


def deployment(said: Mapping[str, Any]) -> dict[str, Any]:
    """One deployment; of several commits the first stands for it."""
    commits = read.rows(_of(said, "deploymentCommits", "deployment_commits"))
    first = commits[0] if commits else said
    sha = read.text(_of(first, "commitSha", "commit_sha"), 64)
    repository = repository_of(_of(first, "repoUrl", "repo_url")) or read.text(_of(first, "repoId", "repo_id"), 200)
    repositories = {repository_of(_of(one, "repoUrl", "repo_url")) for one in commits}
    result = read.text(said.get("result"), 40)
    identity = read.ident(_of(said, "id", "pipelineId", "pipeline_id"))
    return {
        # its own rule for a deployment that was given no id
        "id": identity or (f"{repository}@{sha}" if sha else ""),
        "environment": read.text(said.get("environment"), 100) or "PRODUCTION",
        "outcome": RESULTS.get(result.lower(), result) if result else "success",
        "raw_outcome": result,
        "started_at": _of(said, "startedDate", "start_time", "started_date"),
        "finished_at": _of(said, "finishedDate", "end_time", "finished_date"),
        "sha": sha,
        "ref": _of(first, "refName", "ref_name"),
        "repository": repository,
        "title": _of(said, "displayTitle", "name"),
        "note": f"It carried commits of {len(repositories)} repositories." if len(repositories) > 1 else "",
    }


def incident(said: Mapping[str, Any]) -> dict[str, Any]:
    """One issue; rules tell whether its type makes it an incident."""
    status = read.text(said.get("status"), 40).upper()
    return {
        "id": read.ident(_of(said, "issueKey", "issue_key")),
        "title": said.get("title"),
        "type": read.text(said.get("type"), 100),
        "started_at": _of(said, "createdDate", "created_date"),
        "resolved_at": _of(said, "resolutionDate", "resolution_date"),
        "updated_at": _of(said, "updatedDate", "updated_date"),
        "is_over": status == "DONE",
        "severity": said.get("severity"),
        "priority": said.get("priority"),
        "component": read.text(said.get("component"), 200),
        "url": said.get("url"),
    }


def repository_of(value: object) -> str:
    """acme/shop of https://github.com/acme/shop.git, or what was given where it is no such address."""
    words = read.text(value, 300)
    path = words.split("://", 1)[1].partition("/")[2] if "://" in words else words
    return path.strip("/").removesuffix(".git")[:200]


def _of(said: Mapping[str, Any], *names: str) -> Any:
    return next((said[name] for name in names if said.get(name) not in (None, "")), None)
