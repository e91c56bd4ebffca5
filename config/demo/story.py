"""The sample organisation: a health insurer moving from HL7 v2 to FHIR, its squads, its vendor, and its people.

Loaded once through the same actions that the pages use, dated relative to today. Everything is marked as sample.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from config.demo import investment, judgement, programme
from metrics import actions as sources
from metrics.models import Source, Stream
from metrics.streams import wake
from stakeholders.week import actions as week
from stakeholders.week import remembering
from teams import actions
from teams.models import Grant, Membership, Person, Team, User

Kind, Role, End = Team.Kind, Grant.Role, Membership.End

ROOT = "Product Engineering"
TOOLS = "Tools"
TREE: list[tuple[str, str, str, str]] = [  # name, kind, part of, about
    (ROOT, Kind.GROUP, "", "All of product engineering"),
    ("Integration Platform", Kind.GROUP, ROOT, "From HL7 v2 to FHIR R4"),
    ("Squad A", Kind.SQUAD, "Integration Platform", "FHIR API"),
    ("Squad B", Kind.SQUAD, "Integration Platform", "Patient data exchange"),
    ("Squad C", Kind.SQUAD, "Integration Platform", "Platform and pipeline"),
    ("Compliance", Kind.ENABLING, "Integration Platform", "HIPAA and CMS evidence"),
    ("Epic", Kind.VENDOR, "Integration Platform", "External EHR vendor"),
    ("Member Portal", Kind.GROUP, ROOT, "What members see"),
    ("Member App", Kind.SQUAD, "Member Portal", "Claims and benefits in the app"),
    ("Enrolment", Kind.SQUAD, "Member Portal", "Joining and renewing"),
    ("Claims Intake", Kind.GROUP, ROOT, "From a claim to a decision"),
    ("Intake", Kind.SQUAD, "Claims Intake", "Reading claims"),
    ("Adjudication", Kind.SQUAD, "Claims Intake", "Deciding claims"),
]

# name, title, team they are in, role there, level, months here, role of access, team of that role
PEOPLE: list[tuple[str, str, str, str, str, int, str, str]] = [
    ("Maya Lindqvist", "Director of Product Engineering", ROOT, "Director", "principal", 40, Role.DIRECTOR, ROOT),
    ("Robert Achebe", "Chief Technology Officer", "", "", "", 0, Role.EXECUTIVE, ROOT),
    ("Priya Raman", "General Counsel", "", "", "", 0, Role.LEGAL, ROOT),
    ("Sam Ortiz", "Engineering systems", "", "", "", 0, Role.ADMINISTRATOR, ROOT),
    ("Ines Carvalho", "Engineering manager", "Squad A", "Engineering manager", "senior", 30, Role.MANAGER, "Squad A"),
    ("Daniel Okafor", "Engineering manager", "Squad B", "Engineering manager", "senior", 26, Role.MANAGER, "Squad B"),
    ("Yuki Tanaka", "Engineering manager", "Squad C", "Engineering manager", "staff", 44, Role.MANAGER, "Squad C"),
    ("Tomasz Wolny", "Head of Compliance", "Compliance", "Head", "principal", 50, Role.MANAGER, "Compliance"),
    ("Laura Bennett", "Vendor manager", "Epic", "Vendor manager", "senior", 20, Role.MANAGER, "Epic"),
    ("Nora Haddad", "Software engineer", "Squad A", "Engineer", "senior", 28, Role.CONTRIBUTOR, "Squad A"),
    ("Anneke Vos", "Information Security Officer", "Compliance", "Security officer", "staff", 33, Role.LEGAL, ROOT),
    ("Jonas Weber", "", "Squad A", "Engineer", "senior", 22, "", ""),
    ("Mei Chen", "", "Squad A", "Engineer", "middle", 9, "", ""),
    ("Omar Said", "", "Squad A", "Quality engineer", "middle", 16, "", ""),
    ("Elif Kaya", "", "Squad A", "Engineer", "staff", 36, "", ""),
    ("Ravi Menon", "", "Squad B", "Engineer", "senior", 31, "", ""),
    ("Clara Duarte", "", "Squad B", "Engineer", "senior", 18, "", ""),
    ("Piotr Zielinski", "", "Squad B", "Engineer", "staff", 40, "", ""),
    ("Aisha Bello", "", "Squad B", "Engineer", "junior", 5, "", ""),
    ("Lucas Moreau", "", "Squad B", "Engineer", "middle", 14, "", ""),
    ("Hana Sato", "", "Squad C", "Engineer", "senior", 27, "", ""),
    ("Viktor Lund", "", "Squad C", "Site reliability engineer", "staff", 38, "", ""),
    ("Grace Mensah", "", "Squad C", "Engineer", "senior", 25, "", ""),
    ("Tom Fischer", "", "Squad C", "Engineer", "middle", 7, "", ""),
    ("Sofia Ricci", "", "Compliance", "Analyst", "senior", 19, "", ""),
    (
        "Dana Levi",
        "Engineering manager",
        "Member App",
        "Engineering manager",
        "senior",
        24,
        Role.MANAGER,
        "Member Portal",
    ),
    ("Ben Carter", "", "Member App", "Engineer", "senior", 15, "", ""),
    ("Yara Costa", "", "Member App", "Engineer", "middle", 11, "", ""),
    ("Igor Petrov", "", "Enrolment", "Engineer", "senior", 29, "", ""),
    ("Lena Hoffmann", "", "Enrolment", "Engineer", "middle", 8, "", ""),
    (
        "Kofi Asante",
        "Engineering manager",
        "Intake",
        "Engineering manager",
        "senior",
        35,
        Role.MANAGER,
        "Claims Intake",
    ),
    ("Marta Silva", "", "Intake", "Engineer", "senior", 21, "", ""),
    ("Noah Kim", "", "Adjudication", "Engineer", "staff", 37, "", ""),
    ("Paula Nunez", "", "Adjudication", "Engineer", "middle", 10, "", ""),
]

PERSONAS = [
    ("Maya Lindqvist", "the director, over everything"),
    ("Ines Carvalho", "the engineering manager of Squad A"),
    ("Robert Achebe", "an executive, who reads only"),
    ("Priya Raman", "legal"),
    ("Nora Haddad", "a contributor in Squad A"),
    ("Sam Ortiz", "the administrator of sources and access"),
]


def _service(
    squad: str, *, rate: float, lead: float, failing: float, restore: float, queue: float = 0, green: float = 0,
    coverage: float = 0,
) -> tuple[str, dict[str, float]]:  # fmt: skip
    """Whose it is and how it behaves (see provider.py); without `green` nobody reads its pipeline."""
    character = {"rate": rate, "lead": lead, "failing": failing, "restore": restore, "queue": queue}
    return squad, character | ({"green": green, "coverage": coverage} if green else {})


# team that holds the source, its name, its services
SOURCES: list[tuple[str, str, dict[str, tuple[str, dict[str, float]]]]] = [
    (
        "Integration Platform",
        "Shared pipeline",
        {
            "fhir-api": _service(
                "Squad A", rate=1.5, lead=26, failing=0.09, restore=2.4, queue=11, green=0.91, coverage=83
            ),
            "exchange": _service(
                "Squad B", rate=1.2, lead=29, failing=0.15, restore=3.6, queue=13, green=0.86, coverage=78
            ),
            "platform": _service(
                "Squad C", rate=2.1, lead=16, failing=0.05, restore=1.2, queue=1, green=0.94, coverage=88
            ),
        },
    ),
    (
        "Member Portal",
        "Portal pipeline",
        {
            "member-app": _service("Member App", rate=1.1, lead=38, failing=0.08, restore=2.0, green=0.92, coverage=81),
            "enrolment": _service("Enrolment", rate=0.6, lead=60, failing=0.11, restore=5.0),
        },
    ),
    (
        "Claims Intake",
        "Claims pipeline",
        {
            "intake": _service("Intake", rate=0.5, lead=90, failing=0.16, restore=7.0),
            "adjudication": _service("Adjudication", rate=0.3, lead=150, failing=0.2, restore=12.0),
        },
    ),
]


def load(*, say: Callable[[str], object] = lambda line: None) -> bool:
    """Load the organisation unless it is there; True when it was loaded. All or nothing."""
    if Team.objects.filter(is_sample=True).exists():
        return False
    say("Loading the sample organisation")
    with transaction.atomic():
        loader = User.objects.create_user(
            "sample-loader@example.org", first_name="Sample", last_name="data", is_active=False
        )
        today = timezone.now().astimezone(settings.ORGANISATION_ZONE).date()
        teams = _teams(loader)
        _people(loader, teams, today)
        _sources(loader, teams)
        people = {person.name: person for person in Person.objects.filter(is_sample=True)}
        programme.load(teams=teams, people=people, speakers=_speakers(people), today=today)
        judgement.load(teams=teams, people=people, today=today)
        _reviewed(teams, people["Maya Lindqvist"], today)
        investment.load(teams=teams, people=people, today=today)
    return True


def _reviewed(teams: dict[str, Team], director: Person, today: date) -> None:
    """The director read the page a week ago, before the slip that the story is about."""
    at = datetime.combine(min(today - timedelta(days=7), programme.slip_days(today)[0]), time(8), UTC)
    assert director.user is not None  # noqa: S101 (she signs in)
    for name in (ROOT, "Integration Platform"):
        below = [one.pk for one in Team.objects.descendants(teams[name], include_self=True)]
        week.mark_reviewed(team=teams[name], known=remembering.known(below, at=at), by=director.user, at=at)


def _speakers(people: dict[str, Person]) -> dict[str, User]:
    """Who logs what for which team."""
    named = {"Integration Platform": "Maya Lindqvist", "Squad A": "Ines Carvalho", "Squad B": "Daniel Okafor"}
    named |= {"Squad C": "Yuki Tanaka", "Compliance": "Tomasz Wolny", "Epic": "Laura Bennett"}
    found = {}
    for team, name in named.items():
        user = people[name].user
        assert user is not None  # noqa: S101 (they all sign in)
        found[team] = user
    return found


def _teams(by: User) -> dict[str, Team]:
    teams: dict[str, Team] = {}
    for place, (name, kind, parent, about) in enumerate(TREE):
        teams[name] = actions.add_team(
            name=name, kind=kind, parent=teams.get(parent), by=by, about=about, position=place, is_sample=True
        )
    return teams


def _people(by: User, teams: dict[str, Team], today: date) -> None:
    for name, title, team, role, level, months, access, over in PEOPLE:
        person = actions.add_person(name=name, title=title, email=_email(name), by=by, is_sample=True)
        if team:
            since = today - timedelta(days=round(months * 30.4))
            actions.join(person=person, team=teams[team], role=role, level=level, started_on=since, by=by)
        if access:
            actions.grant(person=person, role=access, team=teams[over], by=by)
            person.user = User.objects.create_user(
                _email(name), first_name=name.split()[0], last_name=name.split()[-1], is_sample=True
            )
            person.save(update_fields=["user"])
    leaving = Membership.objects.get(person__name="Clara Duarte")
    actions.leave(
        membership=leaving, last_day=today + timedelta(days=18), reason=End.RESIGNED, regretted=True, by=by,
        note="An offer to stay is open.",
    )  # fmt: skip
    grown = Membership.objects.get(person__name="Hana Sato")
    actions.change_role(membership=grown, role="Engineer", level="staff", starts_on=today - timedelta(days=60), by=by)


def _sources(by: User, teams: dict[str, Team]) -> None:
    for seed, (team, name, services) in enumerate(SOURCES, start=1):
        sources.connect_source(
            team=teams[team],
            provider="sample",
            name=name,
            by=by,
            is_sample=True,
            settings={
                "seed": seed,
                "services": {service: character for service, (_, character) in services.items()},
                "owners": {service: teams[squad].pk for service, (squad, _) in services.items()},
            },
        )


def _email(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@meridian.example"


# --- the real repository beside it -----------------------------------------------------------------------------------


def connect_repository(address: str) -> int:
    """The id of the source that reads the repository at `address`; connected once, read again at each start."""
    root = Team.objects.get(slug="product-engineering")
    loader = User.objects.get(email="sample-loader@example.org")
    team = Team.objects.filter(name=TOOLS, parent=root).first()
    if team is None:
        about = "A real Git repository, read as it is"
        team = actions.add_team(name=TOOLS, kind=Kind.SQUAD, parent=root, by=loader, about=about, position=len(TREE))
    source = Source.objects.filter(address=address, provider="git").first()
    if source is None:
        source = sources.connect_source(
            team=root, provider="git", name=_free_name(address, root), address=address, owner=team,
            settings=_rules(address), by=loader,
        )  # fmt: skip
    wake(Stream.objects.filter(source=source, source__paused_at=None), now=timezone.now())
    return source.pk


def _rules(address: str) -> dict[str, str]:
    """Tags count as deployments; in a repository without any, each step of its branch does."""
    try:
        found = sources.try_connection(provider="git", address=address, settings={})
    except sources.Refused:
        return {"deployments": "tags"}  # what is wrong shows on the source itself
    return {"deployments": "tags" if found.details.get("tags", 0) > 1 else "branch"}


def _free_name(address: str, root: Team) -> str:
    own = Path(address) == settings.BASE_DIR  # a checkout's folder may have any name
    stem = "plumbline" if own else Path(address.rstrip("/").removesuffix(".git")).name[:100] or "repository"
    taken = set(Source.objects.filter(team=root).values_list("name", flat=True))
    return next(name for name in (stem, *(f"{stem} {n}" for n in range(2, 1000))) if name not in taken)


def reading(source: int) -> tuple[str, bool]:
    """(one line about how the repository is being read, whether that has ended)."""
    stream = Stream.objects.select_related("source").get(source=source)
    name = stream.source.name
    if stream.error:
        advice = f" {stream.error_advice}" if stream.error_advice else ""
        return f"{name}: {stream.error}{advice}", True
    if stream.succeeded_at and not stream.cursor.get("run") and stream.lease_until is None:
        changes = stream.source.changes.filter(superseded_at=None).count()
        deployments = stream.source.deployments.filter(superseded_at=None).count()
        notes = " ".join(stream.notes)
        return f"{name}: read {changes:,} changes and {deployments:,} deployments. {notes}".strip(), True
    total = f" of {stream.total:,}" if stream.total else ""
    doing = (
        f"{stream.doing} {stream.read:,}{total}"
        if stream.doing and stream.read
        else stream.doing or "waiting for a worker"
    )
    return f"{name}: {doing}", False
