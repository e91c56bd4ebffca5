"""Plain Git, read from real repositories through a worker's door: what is right, and what is said when it is not."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from django.utils import timezone

from metrics.models import Change, DeployedChange, Deployment, Failure, RawPage, Stream

from .repository import Repository, large

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[..., Stream]
Pull = Callable[[Stream], Stream]


def standing() -> list[Deployment]:
    return list(Deployment.objects.filter(superseded_at=None).order_by("finished_at", "pk"))


def carried(ref: str) -> int:
    return DeployedChange.objects.filter(deployment__ref=ref, deployment__superseded_at=None).count()


# --- what is right ---------------------------------------------------------------------------------------------------


def test_each_release_carries_what_git_counts_between_it_and_the_release_before(
    tmp_path: Path, connect: Connect, pull: Pull
) -> None:
    repository = large(tmp_path / "large", commits=5200, every=80)

    stream = pull(connect(repository.path))

    assert stream.error == ""
    tags = repository.tags()
    assert len(tags) == 65
    expected = {tag: repository.count(f"{before}..{tag}") for before, tag in pairwise(tags)}
    assert {tag: carried(tag) for tag in tags[1:]} == expected
    assert carried(tags[0]) == 0  # its base is not known
    assert Change.objects.count() == repository.count("--all")


def test_a_second_pull_stores_nothing_new(tmp_path: Path, connect: Connect, pull: Pull) -> None:
    repository = large(tmp_path / "large", commits=600, every=50)
    stream = pull(connect(repository.path))
    before = _rows()

    pull(stream)
    assert _rows() == before

    Stream.objects.filter(pk=stream.pk).update(cursor={})  # even when it begins at the beginning
    pull(stream)
    assert {**_rows(), "pages": 0} == {**before, "pages": 0}
    assert not Change.objects.exclude(superseded_at=None).exists()


def test_a_new_release_adds_its_changes_and_no_others(repository: Repository, connect: Connect, pull: Pull) -> None:
    repository.commit("first")
    repository.tag("v1")
    repository.commit("second")
    repository.tag("v2")
    stream = pull(connect(repository.path))

    repository.commit("third")
    repository.commit("fourth")
    repository.tag("v3")
    pull(stream)

    assert [carried(ref) for ref in ("v1", "v2", "v3")] == [0, 1, 2]


def test_a_maintenance_release_in_between_does_not_count_a_release_twice(
    repository: Repository, connect: Connect, pull: Pull
) -> None:
    repository.commit("one")
    repository.tag("v1.0")
    repository.commit("two")
    repository.tag("v2.0")
    repository.git("checkout", "-q", "-b", "maintenance", "v1.0")
    repository.commit("mend one")
    repository.tag("v1.1")
    repository.git("checkout", "-q", "main")
    repository.commit("three")
    repository.tag("v2.1")

    pull(connect(repository.path))

    assert [carried(ref) for ref in ("v1.0", "v2.0", "v1.1", "v2.1")] == [0, 1, 1, 1]


def test_lead_time_runs_from_the_author_date_to_the_release(
    repository: Repository, connect: Connect, pull: Pull
) -> None:
    repository.commit("start")
    repository.tag("v1")
    authored = repository.now
    repository.commit("work", authored=authored)
    repository.tag("v2", at=authored + timedelta(hours=31))

    pull(connect(repository.path))

    link = DeployedChange.objects.select_related("change", "deployment").get()
    assert link.deployment.finished_at is not None
    assert link.change.first_commit_at is not None
    assert link.deployment.finished_at - link.change.first_commit_at == timedelta(hours=31)


def test_each_step_of_a_branch_can_be_a_deployment(repository: Repository, connect: Connect, pull: Pull) -> None:
    repository.commit("one")
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit("two")
    repository.commit("three")
    repository.git("checkout", "-q", "main")
    merge = repository.merge("topic")
    repository.commit("four")

    pull(connect(repository.path, deployments="branch"))

    assert [one.sha for one in standing()] == repository.git("rev-list", "--first-parent", "--reverse", "main").split()
    merged = Deployment.objects.get(sha=merge)
    assert merged.deployed_changes.count() == 2
    brought = Change.objects.get(title="two")
    assert brought.merged_at == merged.finished_at


def test_a_pattern_chooses_the_tags_and_names_the_services(
    repository: Repository, connect: Connect, pull: Pull
) -> None:
    for tag in ("api/v1", "web/v1", "nightly-1", "api/v2"):
        repository.commit(tag)
        repository.tag(tag)

    pull(connect(repository.path, deployments="pattern", pattern="^(?P<service>[a-z]+)/v"))

    assert [(one.ref, one.service.name, one.deployed_changes.count()) for one in standing()] == [
        ("api/v1", "api", 0),
        ("web/v1", "web", 0),
        ("api/v2", "api", 3),
    ]


def test_a_hotfix_tag_shows_that_the_release_before_it_failed(
    repository: Repository, connect: Connect, pull: Pull
) -> None:
    for tag in ("v1", "v2", "v2-hotfix1"):
        repository.commit(tag)
        repository.tag(tag)

    pull(connect(repository.path))

    hotfix = Deployment.objects.get(ref="v2-hotfix1")
    assert hotfix.answer == "hotfix"
    failure = Failure.objects.get()
    assert (failure.deployment.ref, failure.how, failure.answer) == ("v2", "hotfix", hotfix)


def test_a_release_of_an_older_commit_is_a_rollback(repository: Repository, connect: Connect, pull: Pull) -> None:
    repository.commit("good")
    repository.tag("v1")
    good = repository.git("rev-parse", "HEAD")
    repository.commit("bad")
    repository.tag("v2")
    repository.now += timedelta(hours=2)
    repository.tag("v3", on=good, at=repository.now)

    pull(connect(repository.path))

    assert Deployment.objects.get(ref="v3").answer == "rollback"
    assert Failure.objects.get().deployment.ref == "v2"


@pytest.mark.parametrize("merged", [False, True])
def test_a_revert_shows_that_the_release_which_brought_the_change_failed(
    repository: Repository, connect: Connect, pull: Pull, merged: bool
) -> None:
    repository.commit("start")
    repository.tag("v1")
    if merged:
        repository.git("checkout", "-q", "-b", "topic")
        (repository.path / "file").write_text("bad")
        repository.git("add", "file")
        repository.commit("bad idea")
        repository.git("checkout", "-q", "main")
        bad = repository.merge("topic")
    else:
        (repository.path / "file").write_text("bad")
        repository.git("add", "file")
        bad = repository.commit("bad idea")
    repository.tag("v2")
    repository.now += timedelta(hours=1)
    repository.git("revert", "--no-edit", *(["-m", "1"] if merged else []), bad)
    repository.tag("v3")

    pull(connect(repository.path))

    failure = Failure.objects.get()
    assert (failure.deployment.ref, failure.how) == ("v2", "revert")
    assert failure.answer is not None
    assert failure.answer.ref == "v3"


# --- a history that changes ------------------------------------------------------------------------------------------


def test_a_rewritten_history_is_kept_and_not_counted_twice(
    repository: Repository, connect: Connect, pull: Pull
) -> None:
    repository.commit("one")
    repository.tag("v1")
    repository.commit("two")
    repository.commit("three")
    repository.tag("v2")
    stream = pull(connect(repository.path))
    old = Deployment.objects.get(ref="v2")

    repository.git("reset", "-q", "--hard", "v1")
    repository.commit("two, better")
    repository.commit("three, better")
    repository.tag("v2", force=True)
    pull(stream)

    assert [one.ref for one in standing()] == ["v1", "v2"]
    assert carried("v2") == 2
    assert Change.objects.filter(superseded_at=None).count() == repository.count("--all")
    old.refresh_from_db()
    assert old.superseded_at is not None  # kept
    assert Change.objects.filter(title="two").exists()


def test_a_branch_that_was_forced_back_and_forth_counts_as_it_is_now(
    repository: Repository, connect: Connect, pull: Pull
) -> None:
    first = repository.commit("one")
    second = repository.commit("two")
    stream = pull(connect(repository.path, deployments="branch"))

    repository.git("reset", "-q", "--hard", first)
    third = repository.commit("three")
    pull(stream)
    assert [one.sha for one in standing()] == [first, third]

    repository.git("reset", "-q", "--hard", second)
    pull(stream)
    assert [one.sha for one in standing()] == [first, second]
    assert Deployment.objects.count() == 3
    assert set(Change.objects.filter(superseded_at=None).values_list("sha", flat=True)) == {first, second}


def test_a_tag_that_moves_along_the_history_was_a_deployment_at_each_place(
    repository: Repository, connect: Connect, pull: Pull
) -> None:
    repository.commit("one")
    repository.tag("production")
    stream = pull(connect(repository.path))
    for title in ("two", "three"):
        repository.commit(title)
        repository.tag("production", force=True)
        pull(stream)

    assert [one.ref for one in standing()] == ["production"] * 3
    assert DeployedChange.objects.count() == 2


def test_a_deleted_tag_stays_a_deployment(repository: Repository, connect: Connect, pull: Pull) -> None:
    for tag in ("v1", "v2", "v3"):
        repository.commit(tag)
        repository.tag(tag)
    stream = pull(connect(repository.path))

    repository.git("tag", "-d", "v2")
    pull(stream)

    assert [one.ref for one in standing()] == ["v1", "v2", "v3"]
    assert carried("v3") == 1


def test_without_its_cached_clone_a_source_reads_the_same_again(
    repository: Repository, connect: Connect, pull: Pull, settings: pytest.FixtureRequest, tmp_path: Path
) -> None:
    for tag in ("v1", "v2"):
        repository.commit(tag)
        repository.tag(tag)
    stream = pull(connect(repository.path))
    before = _rows()

    settings.CLONES_DIR = tmp_path / "another-machine"  # type: ignore[attr-defined]
    repository.commit("v3")
    repository.tag("v3")
    pull(stream)

    assert Deployment.objects.count() == before["deployments"] + 1
    assert [carried(ref) for ref in ("v1", "v2", "v3")] == [0, 1, 1]


# --- bad input -------------------------------------------------------------------------------------------------------


def test_a_repository_that_does_not_exist_says_so(connect: Connect, pull: Pull, tmp_path: Path) -> None:
    stream = pull(connect(tmp_path / "nowhere"))
    assert "There is no folder" in stream.error
    assert stream.error_advice == "Check the path."
    assert stream.due_at > timezone.now()


def test_a_folder_that_is_no_repository_says_so(connect: Connect, pull: Pull, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert pull(connect(tmp_path / "plain")).error == "What is at this address is not a Git repository."


def test_a_path_outside_the_allowed_folders_is_refused(connect: Connect, pull: Pull) -> None:
    assert pull(connect("/etc")).error == "Plumbline may not read /etc."


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/x.git", "https://localhost/x.git", "https://10.0.0.8/x.git", "https://169.254.169.254/x.git",
        "https://[::1]/x.git", "https://[::ffff:10.0.0.1]/x.git", "ssh://git@192.168.1.4/x.git", "git@127.0.0.1:x.git",
        "https://100.64.1.1/x.git", "https://[64:ff9b::a00:1]/x.git", "https://0.0.0.0/x.git",
    ],
)  # fmt: skip
def test_an_address_inside_a_private_network_is_refused(connect: Connect, pull: Pull, address: str) -> None:
    stream = pull(connect(address))
    assert "inside a private network" in stream.error
    assert "administrator" in stream.error_advice


@pytest.mark.parametrize("address", ["http://example.org/x.git", "git://example.org/x", "ext::sh -c id", "file:///etc"])
def test_an_address_that_is_not_https_or_ssh_is_refused(connect: Connect, pull: Pull, address: str) -> None:
    assert pull(connect(address)).error.startswith("Plumbline ")


def test_an_empty_repository_is_read_and_said_to_be_empty(repository: Repository, connect: Connect, pull: Pull) -> None:
    stream = pull(connect(repository.path))
    assert (stream.error, stream.notes) == ("", ["The repository is empty."])


def test_a_repository_without_tags_says_what_can_be_done(repository: Repository, connect: Connect, pull: Pull) -> None:
    repository.commit()
    stream = pull(connect(repository.path))
    assert "no tags" in stream.notes[0]
    assert Change.objects.count() == 1
    assert not Deployment.objects.exists()


def test_a_shallow_clone_is_refused(repository: Repository, connect: Connect, pull: Pull, tmp_path: Path) -> None:
    for title in ("one", "two", "three"):
        repository.commit(title)
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{repository.path}", str(shallow)],
        check=True,
        capture_output=True,
    )
    stream = pull(connect(shallow))
    assert "shallow clone" in stream.error
    assert "--unshallow" in stream.error_advice


def test_tags_that_point_at_files_are_left_out_and_named(repository: Repository, connect: Connect, pull: Pull) -> None:
    repository.commit("one")
    repository.tag("v1")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    blob = repository.git("hash-object", "-w", "--stdin", stdin=b"words")
    repository.tag("of-a-tree", on=tree)
    repository.tag("of-a-blob", on=blob, annotated=False)

    stream = pull(connect(repository.path))

    assert [one.ref for one in standing()] == ["v1"]
    assert "2 tags point at files" in stream.notes[0]


def test_a_tag_of_a_tag_is_the_commit_behind_both(repository: Repository, connect: Connect, pull: Pull) -> None:
    sha = repository.commit("one")
    repository.tag("inner")
    repository.tag("outer", on="inner")
    pull(connect(repository.path))
    assert {one.sha for one in standing()} == {sha}


def test_commits_dated_1970_or_2100_are_counted_but_have_no_lead_time(
    repository: Repository, connect: Connect, pull: Pull
) -> None:
    repository.commit("start")
    repository.tag("v1")
    repository.commit("long ago", authored="@0 +0000")
    repository.commit("far ahead", authored=datetime(2100, 1, 1, tzinfo=UTC))
    repository.tag("v2")

    pull(connect(repository.path))

    assert carried("v2") == 2
    notes = dict(Change.objects.filter(first_commit_at=None).values_list("title", "time_note"))
    assert notes == {"long ago": "The commit is dated in 1970.", "far ahead": "The commit is dated in 2100."}


def test_a_tag_dated_2100_falls_back_to_its_commit(repository: Repository, connect: Connect, pull: Pull) -> None:
    repository.commit("one")
    repository.tag("v1", at=datetime(2100, 1, 1, tzinfo=UTC))
    stream = pull(connect(repository.path))
    assert standing()[0].finished_at == repository.now
    assert "1 tag has an impossible date" in stream.notes[0]


def test_names_that_are_not_utf8_do_not_stop_a_pull(repository: Repository, connect: Connect, pull: Pull) -> None:
    repository.git(
        "fast-import", "--quiet",
        stdin=b"commit refs/heads/main\nmark :1\nauthor Ren\xe9\xff <r@example.org> 1767600000 +0000\n"
        b"committer Ren\xe9 <r@example.org> 1767600000 +0000\ndata 9\nCaf\xe9\xff\x1f\x1e\x01\n"
        b"tag v\xe9\nfrom :1\ntagger A <a@example.org> 1767600000 +0000\ndata 1\nx\n",
    )  # fmt: skip
    stream = pull(connect(repository.path))
    assert stream.error == ""
    change = Change.objects.get()
    assert change.title.startswith("Caf�")
    assert standing()[0].ref == "v�"


def test_a_pattern_that_cannot_be_read_is_named(repository: Repository, connect: Connect, pull: Pull) -> None:
    repository.commit()
    stream = pull(connect(repository.path, deployments="pattern", pattern="v(["))
    assert "The pattern cannot be read" in stream.error


@pytest.fixture
def asks_for_credentials() -> Iterator[str]:
    """An HTTP server that answers 401 to everything, as a private host does."""

    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/private.git"
    server.shutdown()


def test_a_repository_that_needs_credentials_says_so(
    connect: Connect, pull: Pull, asks_for_credentials: str, settings: pytest.FixtureRequest
) -> None:
    settings.SOURCE_INSECURE_HOSTS = ["127.0.0.1"]  # type: ignore[attr-defined]
    stream = pull(connect(asks_for_credentials))
    assert stream.error == "The repository asks for credentials, and ours were refused."
    assert stream.error_advice == "Enter a token that may read it."
    assert stream.failures == 1


def _rows() -> dict[str, int]:
    kinds = {
        "changes": Change,
        "deployments": Deployment,
        "links": DeployedChange,
        "failures": Failure,
        "pages": RawPage,
    }
    return {name: kind.objects.count() for name, kind in kinds.items()}
