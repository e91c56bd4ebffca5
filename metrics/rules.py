"""What a source's facts mean here: which deployments are production, which runs deploy, what an incident is, which
service something belongs to. Pure: facts with traits in, facts that count out.

A rule is a mapping trait → pattern and holds when each of its patterns does. A pattern is one or more words with `*`
for anything, divided by commas, or a regular expression between slashes; case does not matter. Of a list of rules one
that holds is enough; where a service is named the first that holds names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from .events import DeploymentSeen, Event, IncidentSeen, Outcome, RunSeen, Traits

LONGEST = 200  # characters of a pattern
LONGEST_VALUE = 500  # of a trait that a pattern is held against
MOST = 50  # rules of one kind

TRAITS: Mapping[str, str] = {
    "via": "what it is: deployment, run, job or release",
    "repository": "repository or project",
    "environment": "environment",
    "tier": "the environment's tier",
    "workflow": "workflow, pipeline or job's full name",
    "job": "job within a run",
    "stage": "stage of the job",
    "path": "path of the workflow's file or of the folder",
    "branch": "branch",
    "tag": "tag",
    "title": "title",
    "label": "label",
    "type": "type",
    "severity": "severity",
    "urgency": "urgency",
    "priority": "priority",
    "service": "service, as the provider calls it",
}
_ENDLESS = re.compile(r"(?:[*+|]|,\d*\})[^(]*\)(?:[*+]|\{\d+,\d*\})")  # a repeated group that repeats or chooses within
_USED = re.compile(r"\\([1-9])")


class BadRule(ValueError):
    """A rule that cannot be used; the message says what to write instead, `place` where it stands."""

    def __init__(self, sentence: str, place: str = "") -> None:
        super().__init__(sentence)
        self.place = place


@lru_cache(maxsize=2000)
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern ready to match a whole value (words), or any part of it (a regular expression). Raises BadRule."""
    text = pattern.strip()
    if not text:
        raise BadRule("Write what to look for, or remove the line.")
    if len(text) > LONGEST:
        raise BadRule(f"A pattern has at most {LONGEST} characters; this one has {len(text)}.")
    if len(text) > 1 and text.startswith("/") and text.endswith("/"):
        try:
            ready = re.compile(text[1:-1], re.IGNORECASE)
        except (re.error, OverflowError, RecursionError) as wrong:
            raise BadRule(f"{text} is not a regular expression: {wrong}.") from wrong
        if _ENDLESS.search(re.sub(r"\\.|\[\]?[^\]]*\]", "x", text[1:-1])):
            raise BadRule(
                f"{text} could take for ever: do not repeat a group that repeats something or has alternatives."
            )
        return ready
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise BadRule("Write what to look for between the commas.")
    return re.compile(r"\A(?:" + "|".join(_word(word) for word in words) + ")", re.IGNORECASE)


def _word(word: str) -> str:
    """One word with `*` as a group that a service's name may use."""
    parts = (part for part in re.split(r"(\*+)", word) if part)
    return "".join("(.*)" if set(part) == {"*"} else re.escape(part) for part in parts) + r"\Z"


def matches(pattern: str, value: str | tuple[str, ...] | None) -> re.Match[str] | None:
    """The match of one value, or of the first of several that does; None for a value that is not known."""
    for one in (value,) if isinstance(value, str) else value or ():
        if (found := compiled(pattern).search(one[:LONGEST_VALUE])) is not None:
            return found
    return None


def holds(rule: Mapping[str, str], traits: Traits) -> bool:
    return all(matches(pattern, traits.get(trait)) is not None for trait, pattern in rule.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The rules of one source. None: the provider's own word stands."""

    production: tuple[Mapping[str, str], ...] | None = None
    incidents: tuple[Mapping[str, str], ...] | None = None
    services: tuple[Mapping[str, str], ...] = ()  # with "name" beside the traits; \1 is the first `*` or group

    @classmethod
    def of(cls, settings: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> Rules:
        """The rules in a source's settings; what is not said there is the provider's default. Raises BadRule."""
        said = {**(defaults or {}), **(settings.get("rules") or {})}
        return cls(
            production=_rules(said.get("production"), "production"),
            incidents=_rules(said.get("incidents"), "incidents"),
            services=_rules(said.get("services"), "services", named=True) or (),
        )

    def service_of(self, traits: Traits, otherwise: str) -> str:
        """The service's name: of the first rule that holds, else what the provider says."""
        for rule in self.services:
            asked = {trait: pattern for trait, pattern in rule.items() if trait != "name"}
            if holds(asked, traits):
                return _filled(rule["name"], [matches(pattern, traits.get(trait)) for trait, pattern in asked.items()])
        return otherwise

    def apply(self, events: Iterable[Event]) -> list[Event]:
        """The facts that count, with their service and whether they are production; runs may add deployments."""
        found: list[Event] = []
        for event in events:
            match event:
                case DeploymentSeen(traits=traits) if traits is not None:
                    if (deployment := self._deployment(event, traits)) is not None:
                        found.append(deployment)
                case RunSeen(traits=traits) if traits is not None:
                    found.append(replace(event, service=self.service_of(traits, event.service)))
                    found += self._of_run(event, traits)
                case IncidentSeen(traits=traits) if traits is not None:
                    if self.incidents is None or any(holds(rule, traits) for rule in self.incidents):
                        found.append(replace(event, service=self.service_of(traits, event.service)))
                case _:
                    found.append(event)
        return found

    def _deployment(self, seen: DeploymentSeen, traits: Traits) -> DeploymentSeen | None:
        """A deployment always counts as one; a release only when a rule says so."""
        via = traits.get("via", "deployment")
        production = seen.production if self.production is None else self._is_production(traits)
        if via != "deployment" and not production:
            return None
        return replace(seen, production=production, service=self.service_of(traits, seen.service))

    def _is_production(self, traits: Traits) -> bool:
        via = traits.get("via", "deployment")
        # a rule that does not say what it is about is about deployments: a branch's name alone makes no run deploy
        return any(holds(rule, traits) for rule in self.production or () if via == "deployment" or "via" in rule)

    def _of_run(self, run: RunSeen, traits: Traits) -> list[DeploymentSeen]:
        """The run itself, or jobs of it, as production deployments, where a rule says so."""
        if not any("via" in rule for rule in self.production or ()):
            return []
        found = []
        whole = {**traits, "via": "run"}
        if run.outcome is not None and self._is_production(whole):
            found.append(self._run_deployed(run, whole, f"run:{run.provider_id}.{run.attempt}"))
        for job in run.jobs:
            part = {**traits, "via": "job", "job": job.name} | ({"stage": job.stage} if job.stage else {})
            if job.outcome is not None and job.raw_outcome != "skipped" and self._is_production(part):
                made = replace(
                    run, outcome=job.outcome, raw_outcome=job.raw_outcome, started_at=job.started_at,
                    finished_at=job.finished_at,
                )  # fmt: skip
                found.append(self._run_deployed(made, part, f"job:{job.provider_id}"))
        return found

    def _run_deployed(self, run: RunSeen, traits: Traits, key: str) -> DeploymentSeen:
        environment = traits.get("environment")
        return DeploymentSeen(
            provider_id=key,
            service=self.service_of(traits, run.service),
            environment=environment if isinstance(environment, str) and environment else "production",
            production=True,
            sha=run.sha,
            ref=run.branch,
            outcome=run.outcome or Outcome.UNKNOWN,
            raw_outcome=run.raw_outcome,
            started_at=run.started_at,
            finished_at=run.finished_at,
            repository=run.repository,
            url=run.url,
            updated_at=run.updated_at,
        )


def _rules(said: object, kind: str, *, named: bool = False) -> tuple[Mapping[str, str], ...] | None:
    if said is None:
        return None
    if not isinstance(said, Sequence) or isinstance(said, str | bytes):
        raise BadRule(f"The rules of {kind} must be a list.", kind)
    if len(said) > MOST:
        raise BadRule(f"There are {len(said)} rules of {kind}; {MOST} are the most.", kind)
    return tuple(_rule(one, f"{kind}, rule {place}", named=named) for place, one in enumerate(said, 1))


def _rule(said: object, place: str, *, named: bool) -> Mapping[str, str]:
    if not isinstance(said, Mapping) or not all(isinstance(one, str) for pair in said.items() for one in pair):
        raise BadRule("A rule names traits and their patterns.", place)
    rule = {trait: pattern.strip() for trait, pattern in said.items() if pattern.strip()}
    if named and not rule.get("name"):
        raise BadRule("Say which service this is.", place)
    if not set(rule) - {"name"}:
        raise BadRule("A rule needs at least one thing to look at.", place)
    for trait, pattern in rule.items():
        if trait == "name" and named:
            continue
        if trait not in TRAITS:
            raise BadRule(f"A rule cannot ask about {trait}. It can ask about {', '.join(TRAITS)}.", place)
        try:
            compiled(pattern)
        except BadRule as wrong:
            raise BadRule(str(wrong), place) from wrong
    return rule


def _filled(name: str, found: Sequence[re.Match[str] | None]) -> str:
    """The service's name with \\1, \\2, … replaced by what the stars and groups of its patterns matched, in order."""
    groups = [group for match in found if match is not None for group in match.groups() if group is not None]

    def group(used: re.Match[str]) -> str:
        place = int(used.group(1)) - 1
        return groups[place] if place < len(groups) else ""

    return _USED.sub(group, name).strip()[:200]
