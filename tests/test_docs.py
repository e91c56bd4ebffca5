"""Documentation that cannot fall behind: variables, commands, folders, links, decisions, and what the image runs."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).resolve().parent.parent
PRODUCT = ("config", "delivery", "metrics", "stakeholders", "teams")
README = PROJECT / "README.md"
COMPOSE = PROJECT / "docker-compose.yml"
DECISIONS = sorted((PROJECT / "docs" / "adr").glob("*.md"))
PAGES = [README, PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").glob("*.md")), *DECISIONS]
OTHERS = [
    *(PROJECT / name for name in (".env.example", ".pre-commit-config.yaml", ".dockerignore", ".editorconfig")),
    *(PROJECT / name for name in ("Dockerfile", "Makefile", "Procfile", "pyproject.toml", ".ci/run", "manage.py")),
    *(PROJECT / name for name in ("requirements.lock", "requirements-dev.lock", "docker-compose.yml")),
]

READS = re.compile(r"os\.environ\.get|os\.getenv|env|env\.\w+|_flag|_number|_typed")  # settings.py's own too
NOT_OURS = {"PATH", "DJANGO_SETTINGS_MODULE"}


# --- variables -------------------------------------------------------------------------------------------------------


def read_in_python(path: Path) -> set[str]:
    """Variables that a file reads: os.environ["X"], os.environ.get("X"), env.str("X"), _flag("X")."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Subscript(value=asked, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                found |= {name} if ast.unparse(asked) == "os.environ" else set()
            case ast.Call(func=asked, args=[ast.Constant(value=str(name)), *_]):
                found |= {name} if READS.fullmatch(ast.unparse(asked)) else set()
    return found - NOT_OURS


def read_by_the_product() -> dict[str, str]:
    """variable → a file that reads it."""
    files = [PROJECT / "manage.py", *(path for app in PRODUCT for path in (PROJECT / app).rglob("*.py"))]
    found = {name: str(path.relative_to(PROJECT)) for path in files for name in read_in_python(path)}
    for path in (PROJECT / "Procfile", COMPOSE):
        found |= dict.fromkeys(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", path.read_text()), path.name)
    return found


def section(title: str) -> str:
    """The part of the README under a heading of the second level."""
    return README.read_text().split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def configuration() -> dict[str, str]:
    """variable → its row in the README."""
    rows = (line for line in section("Configuration").splitlines() if line.startswith("| `"))
    return {row.split("`")[1]: row for row in rows}


def example() -> dict[str, str | None]:
    """variable → its value in .env.example, None for one behind a #."""
    found: dict[str, str | None] = {}
    for line in (PROJECT / ".env.example").read_text().splitlines():
        if match := re.fullmatch(r"(# )?([A-Z][A-Z0-9_]*)=(.*)", line):
            assert match[2] not in found, f"{match[2]} stands there twice"
            found[match[2]] = None if match[1] else match[3]
    return found


def test_the_search_for_variables_finds_every_way_of_reading_one(tmp_path: Path) -> None:
    reads = ['os.environ["A"]', 'os.environ.get("B")', 'env.str("C", default="")', '_flag("D", default=True)']
    others = ['os.environ["E"] = "1"', 'request.GET.get("F")', 'names["G"]']
    (tmp_path / "some.py").write_text("\n".join(reads + others))
    assert read_in_python(tmp_path / "some.py") == {"A", "B", "C", "D"}
    assert {"DEBUG", "PLUMBLINE_HOME", "REPO", "WEB_WORKERS"} <= read_by_the_product().keys()


def test_every_variable_that_is_read_stands_in_the_readme() -> None:
    missing = {name: where for name, where in read_by_the_product().items() if name not in configuration()}
    assert not missing, missing


def test_every_variable_that_is_read_stands_in_the_example() -> None:
    missing = {name: where for name, where in read_by_the_product().items() if name not in example()}
    assert not missing, missing


def test_no_variable_is_described_that_nothing_reads() -> None:
    described = configuration().keys() | example().keys()
    assert described == read_by_the_product().keys()


def test_numbers_in_the_readme_are_the_settings_own() -> None:
    rows = configuration()
    text = (PROJECT / "config" / "settings.py").read_text()
    defaults = re.findall(r'_number\("(\w+)", default=([\d_]+)', text)
    assert len(defaults) == text.count('_number("')
    for name, number in defaults:
        assert re.search(rf"\b{int(number)}\b", rows[name]), rows[name]
        assert f"# {name}={int(number)}\n" in (PROJECT / ".env.example").read_text()


def test_the_example_holds_no_value_where_one_is_needed() -> None:
    assert {name for name, value in example().items() if value is not None} == {
        "SECRET_KEY", "PLUMBLINE_SOURCE_KEYS", "PLUMBLINE_SEAL_KEY", "ALLOWED_HOSTS", "POSTGRES_PASSWORD",
    }  # fmt: skip
    assert not any(example().values())


# --- commands, folders, people ---------------------------------------------------------------------------------------


def test_every_target_of_the_makefile_is_in_the_readme() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "check"} <= set(targets)
    assert [target for target in targets if f"make {target}" not in README.read_text()] == []


def test_every_make_command_in_the_documents_is_a_target() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    told = {name for page in PAGES for name in re.findall(r"`make ([a-z]+)", page.read_text())}
    assert told <= targets


def test_the_two_commands_come_first() -> None:
    first = re.search(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    assert first is not None
    assert [line.split("#")[0].strip() for line in first[1].splitlines()] == ["make demo", "make test"]


def test_the_layout_names_folders_that_exist_and_every_app() -> None:
    named = re.findall(r"^\| `([\w/]+)/` ", section("Layout"), re.MULTILINE)
    assert [name for name in named if not (PROJECT / name).is_dir()] == []
    assert {*PRODUCT, "templates", "static", "tests", "docs"} <= set(named)


def test_the_readme_introduces_the_people_that_the_demo_names() -> None:
    from config.demo.story import PERSONAS

    told = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", section("The demo"), re.MULTILINE)
    assert [row for row in told if row[0] != "name" and "-" not in row[0]] == [(name, role) for name, role in PERSONAS]


def test_every_management_command_of_ours_is_in_the_documents() -> None:
    text = "".join(page.read_text() for page in PAGES)
    commands = {path.stem for app in PRODUCT for path in (PROJECT / app).glob("management/commands/[a-z]*.py")}
    assert {name for name in commands if f"manage.py {name}" not in text} == set()


# --- links -----------------------------------------------------------------------------------------------------------


def links(page: Path) -> Iterator[tuple[str, str]]:
    """(path, anchor) of each relative link."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_relative_link_resolves(page: Path) -> None:
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{path} is not there"
        assert target.is_relative_to(PROJECT), f"{path} leads out of the project"
        if anchor:
            assert anchor in anchors(target), f"{path or page.name} has no heading #{anchor}"


def test_the_readme_leads_to_every_document() -> None:
    reached = {(PROJECT / path).resolve() for path, _ in links(README)}
    assert {path for path in (PROJECT / "docs").glob("*.md") if path not in reached} == set()


# --- decisions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_three_headings_and_is_short(decision: Path) -> None:
    text = decision.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 60
    assert text.startswith(f"# {int(decision.name[:4])}. ")


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


# --- what may not stand anywhere -------------------------------------------------------------------------------------

FORBIDDEN = {
    "the address of a package index": re.compile(r"--(extra-)?index-url[ =]+\S|://\S*/simple\b|\bpypi\.|pythonhosted"),
    "a path of somebody's machine": re.compile(r"(?<![\w./-])/(?:root|work|Users)(?![\w-])"),
    "a key": re.compile(r"-----BEGIN|\bgh[pousr]_[A-Za-z0-9]{20}|\bglpat-"),
}


@pytest.mark.parametrize("path", [*PAGES, *OTHERS], ids=lambda path: str(path.relative_to(PROJECT)))
def test_nothing_forbidden_is_said(path: Path) -> None:
    text = path.read_text()
    for what, pattern in FORBIDDEN.items():
        found = pattern.search(text)
        assert found is None, f"{what}: {text[found.start() : found.end() + 40]!r}" if found else ""


def test_sources_name_no_path_of_a_machine() -> None:
    pattern = FORBIDDEN["a path of somebody's machine"]
    folders = (PROJECT / app for app in (*PRODUCT, "templates", "static"))
    files = [path for folder in folders for path in folder.rglob("*.*") if path.is_file() and path.suffix != ".pyc"]
    assert [str(path) for path in files if pattern.search(path.read_text(errors="replace"))] == []


# --- image and compose -----------------------------------------------------------------------------------------------


def processes() -> dict[str, str]:
    lines = (line.partition(": ") for line in (PROJECT / "Procfile").read_text().splitlines() if line.strip())
    return {name: command for name, _, command in lines}


def compose() -> dict:  # type: ignore[type-arg]
    return yaml.safe_load(COMPOSE.read_text())  # type: ignore[no-any-return]


def test_compose_runs_all_processes_after_the_migrations() -> None:
    services = compose()["services"]
    assert services.keys() == {"postgres", "redis", "migrate", *processes()}
    assert services["migrate"]["restart"] == "no"
    for name in processes():
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert f"s/^{name}: //p" in services[name]["command"][2]
    for name in services.keys() - {"migrate"}:
        assert services[name]["restart"] == "unless-stopped"
        assert "healthcheck" in services[name] or name == "web"  # the image brings web's
    assert "--appendonly" in services["redis"]["command"]


def test_compose_has_no_default_for_anything_secret() -> None:
    text = COMPOSE.read_text()
    for name in ("SECRET_KEY", "PLUMBLINE_SOURCE_KEYS", "PLUMBLINE_SEAL_KEY", "POSTGRES_PASSWORD", "ALLOWED_HOSTS"):
        assert re.findall(rf"\$\{{{name}\b([^}}]*)", text), name
        assert all(rest.startswith(":?") for rest in re.findall(rf"\$\{{{name}\b([^}}]*)", text)), name
    for service in compose()["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD|KEY|TOKEN", name):
                assert re.fullmatch(r"\$\{\w+:\?[^}]*\}", value), name


def test_compose_hands_on_every_variable_that_concerns_it() -> None:
    elsewhere = {"POSTGRES_PASSWORD", "DEBUG", "PLUMBLINE_DEMO", "PLUMBLINE_HOME", "REPO"}
    by_the_image = set(re.findall(r"^(?:ENV)? +([A-Z_]+)=", (PROJECT / "Dockerfile").read_text(), re.MULTILINE))
    handed = compose()["services"]["web"]["environment"].keys()
    assert configuration().keys() - elsewhere - by_the_image <= handed
    assert compose()["services"]["worker"]["environment"].keys() == handed


def test_only_the_pages_are_published_and_only_on_this_machine() -> None:
    published = {name: service["ports"] for name, service in compose()["services"].items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:${PORT:-8000}:8000"]}


@pytest.mark.skipif(not shutil.which("sh") or not shutil.which("sed"), reason="needs a shell")
@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_the_commands_of_compose_become_the_lines_of_the_procfile(name: str) -> None:
    shell, flag, script = compose()["services"][name]["command"]
    asked = script.replace("$$", "$").replace("eval ", "printf %s ", 1)
    done = subprocess.run([shell, flag, asked], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == processes()[name]
    assert done.stdout.startswith("exec ")


def dockerfile() -> str:
    """The Dockerfile with its continued lines put together."""
    return re.sub(r"\\\n", "", (PROJECT / "Dockerfile").read_text())


def test_the_image_installs_by_hash_and_does_not_run_as_root() -> None:
    steps = dockerfile()
    assert "--require-hashes -r /tmp/requirements.lock" in steps
    assert all(line.startswith("FROM python:3.11-slim") for line in re.findall(r"^FROM .+$", steps, re.MULTILINE))
    last_stage = steps.rpartition("\nFROM ")[2]
    assert re.findall(r"^USER (.+)$", last_stage, re.MULTILINE) == ["plumbline"]
    assert not re.search(r"^(?:ENV|ARG)\b.*(?:SECRET|PASSWORD|KEYS)", steps, re.MULTILINE)


def test_the_health_check_of_the_image_asks_with_a_name_that_is_allowed() -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    heard: list[tuple[str, str]] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append((self.path, self.headers["Host"]))
            self.send_response(200 if len(heard) < 4 else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    words = re.search(r"^HEALTHCHECK .*? CMD (\[.*\])$", dockerfile(), re.MULTILINE)
    assert words is not None
    _, flag, script = json.loads(words[1])
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for names in ("plumbline.example.org,other.example.org", ".example.org", "*", "example.org"):
            environment = {"ALLOWED_HOSTS": names, "PORT": str(server.server_port)}
            done = subprocess.run([sys.executable, flag, script], env=environment, capture_output=True)
            assert (done.returncode == 0) is (len(heard) < 4)
        server.shutdown()
    hosts = ["plumbline.example.org", "example.org", "localhost", "example.org"]
    assert heard == [("/healthz", host) for host in hosts]


def test_hooks_run_from_the_projects_own_environment() -> None:
    (repository,) = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        assert ".venv/bin/" in hook["entry"]
