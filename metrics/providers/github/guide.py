"""What the connecting page says of GitHub: where the token is made, its exact rights, and how the webhook is set up."""

from __future__ import annotations

from metrics.events import Guide, Hook, Scope

from .delivered import EVENTS

GUIDE = Guide(
    address="https://api.github.com",
    address_help="GitHub Enterprise Server: https://<your server>/api/v3.",
    token="Fine-grained or classic personal access token",  # noqa: S106 (its name)
    token_where="GitHub → Settings → Developer settings → Personal access tokens. Fine-grained: the rights below "  # noqa: S106
    "on the repositories that you choose. Classic: the scope “repo” (“public_repo” where all of them are public).",
    scopes=(
        Scope(name="Metadata: read", for_what="which repositories there are"),
        Scope(name="Deployments: read", for_what="deployments and how they went"),
        Scope(name="Contents: read", for_what="commits and releases, so that a deployment knows what it carried"),
        Scope(name="Pull requests: read", for_what="lead time and reviews"),
        Scope(name="Actions: read", for_what="workflow runs and their jobs", needed=False),
        Scope(name="Issues: read", for_what="incidents that are kept as issues", needed=False),
    ),
    chooses="repositories",
    hook=Hook(
        where="Repository or organisation → Settings → Webhooks → Add webhook. Content type: application/json",
        events=EVENTS,
        secured_by="The secret below signs each delivery (X-Hub-Signature-256).",
    ),
    rules=(
        "via", "repository", "environment", "tier", "workflow", "job", "path", "branch", "tag", "title", "label",
        "type", "severity",
    ),
    default_rules={
        "production": [{"environment": "production, prod, prod-*, live"}, {"tier": "production"}],
        "incidents": [{"label": "incident, incident*"}],
        "services": [],
    },
)  # fmt: skip
