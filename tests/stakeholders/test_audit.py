"""The trail of every write: nothing is missed, nothing secret is in it, and whatever is touched afterwards is found."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import shared_task
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.program import program
from delivery.models import ForecastRun, Holiday, NetworkMark
from metrics.models import Deployment, Incident, IncidentLink, Service, Source
from stakeholders.audit import chain, sealing, tables, trail, triggers
from stakeholders.models import AuditEntry, AuditSeal
from teams.models import Person, Team, User
from tests.personas import Organisation

from .trails import ENTRY, SEAL, as_superuser, entries, proven, sealed_story, verify, written

Browser = Callable[[Person], Client]


# --- what is covered -------------------------------------------------------------------------------------------------


def test_every_table_is_covered_or_exempt_with_a_reason() -> None:
    covered = {one.table for one in tables.covered()}
    for model in tables.all_models():
        why = tables.exempt(model)
        assert (model._meta.db_table in covered) != bool(why), (
            f"{model._meta.label} is in neither list of stakeholders/audit/tables.py, or in both: "
            "cover it, or say in EXEMPT why nobody needs to know who wrote it."
        )
    assert {model._meta.label for model in tables.all_models()} >= {*tables.EXEMPT, *tables.OF_PEOPLE, *tables.COMPUTED}


@pytest.mark.django_db
def test_every_covered_table_has_its_triggers_and_installing_again_does_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgfoid = 'plumbline_audit'::regproc"
        )
        there = set(cursor.fetchall())
    assert there == {(one.table, f"audit_{write}") for one in tables.covered() for write in one.writes}
    assert triggers.install() == 0


@pytest.mark.django_db
def test_a_trigger_that_was_dropped_or_weakened_comes_back() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_delete ON delivery_holiday")
        cursor.execute(
            "CREATE OR REPLACE TRIGGER audit_insert AFTER INSERT ON teams_user REFERENCING NEW TABLE AS new_rows "
            "FOR EACH STATEMENT EXECUTE FUNCTION plumbline_audit('id', '', '')"
        )
        cursor.execute("CREATE TRIGGER audit_delete AFTER DELETE ON metrics_change REFERENCING OLD TABLE AS old_rows "
                       "FOR EACH STATEMENT EXECUTE FUNCTION plumbline_audit('id', '', '')")  # fmt: skip
    assert triggers.install() == 2
    assert triggers.install() == 0
    User.objects.create_user("new@example.org", "the password of somebody")
    assert entries(table_name="teams_user")[-1].new["password"] == "[hidden]"


@pytest.mark.django_db
def test_when_the_trail_is_migrated_away_nothing_writes_to_it_any_more() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {ENTRY} RENAME TO gone")
        assert triggers.install() == 0
        assert written(1)
        cursor.execute(f"ALTER TABLE gone RENAME TO {ENTRY}")
        assert triggers.install() == sum(len(one.writes) for one in tables.covered())
        transaction.set_rollback(True)


# --- every write path ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_entry_tells_old_and_new_of_what_changed_and_nothing_else() -> None:
    team = Team.objects.create(name="Squad Z", slug="squad-z", about="Before")
    Team.objects.filter(pk=team.pk).update(about="After")
    Team.objects.filter(pk=team.pk).update(about="After")  # writes, and changes nothing
    holiday = Holiday.objects.create(team=written(1, "Rest")[0], day="2026-12-25", name="Christmas Day")
    key = holiday.pk
    holiday.delete()
    added, changed = entries(table_name="teams_team", row_key=str(team.pk))
    assert (added.action, added.old, added.new["name"]) == ("insert", None, "Squad Z")
    assert (changed.action, changed.old, changed.new) == ("update", {"about": "Before"}, {"about": "After"})
    gone = entries(table_name="delivery_holiday", row_key=str(key))[-1]
    assert (gone.action, gone.old["name"], gone.new) == ("delete", "Christmas Day", None)


@pytest.mark.django_db
def test_raw_sql_in_bulk_leaves_one_entry_a_row_and_a_changed_key_leaves_two() -> None:
    written(3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE teams_team SET about = 'x' || id")
        cursor.execute("UPDATE delivery_holiday SET name = 'none'")
    changed = entries(action="update", table_name="teams_team")
    assert [one.new["about"] for one in changed] == [f"x{one.row_key}" for one in changed]
    assert len(changed) == 3
    holiday = Holiday.objects.create(team=written(1, "Rest")[0], day="2026-12-25", name="Christmas Day")
    Holiday.objects.filter(pk=holiday.pk).update(id=holiday.pk + 1000)
    moved = {one.row_key: (one.old, one.new) for one in entries(action="update", table_name="delivery_holiday")}
    assert moved[str(holiday.pk)][1] is None
    assert moved[str(holiday.pk + 1000)][1]["name"] == "Christmas Day"


@pytest.mark.django_db
def test_a_page_says_who_from_where_and_one_number_for_all_it_wrote(
    organisation: Organisation, director: Person, page_of: Browser
) -> None:
    browser = page_of(director)
    before = AuditEntry.objects.latest("pk").pk
    answer = browser.post(
        f"/teams/{organisation.squad_a.slug}/edit/",
        {"name": "Squad Alpha", "kind": "squad", "about": "FHIR", "parent": organisation.platform.pk},
    )
    assert answer.status_code == 302
    entry = AuditEntry.objects.get(pk__gt=before, table_name="teams_team")
    assert (entry.who_id, entry.who) == (director.user_id, "Maya Lindqvist")
    assert (entry.method, entry.url) == ("POST", f"/teams/{organisation.squad_a.slug}/edit/")
    assert entry.new["name"] == "Squad Alpha"
    assert len(entry.context_id) == 36
    assert entry.job == ""


@shared_task(name="tests.writes_a_team")
def writes_a_team() -> None:
    written(1, "Task")


@pytest.mark.django_db
def test_without_a_person_the_database_user_and_the_program_or_task_are_named() -> None:
    writes_a_team.apply()
    by_task = entries(table_name="teams_team")[-1]
    assert (by_task.who_id, by_task.job) == (None, "task tests.writes_a_team")
    assert by_task.who == f"database user {by_task.db_user}"
    assert len(by_task.context_id) == 36


@pytest.mark.django_db(transaction=True)
def test_outside_every_context_the_connection_says_which_program_writes() -> None:
    written(1)
    with connection.cursor() as cursor:
        cursor.execute("SHOW application_name")
        assert entries(table_name="teams_team")[-1].job == cursor.fetchone()[0] != ""
    assert program(["/x/manage.py", "create_administrator", "me@example.org"]) == "manage.py create_administrator"
    assert program(["/x/bin/celery", "-q", "-A", "config", "worker"]) == "celery worker"
    assert program(["/x/bin/gunicorn", "config.wsgi"]) == "gunicorn"
    assert program([""]) == "python"


@pytest.mark.django_db
def test_what_was_rolled_back_leaves_no_entry() -> None:
    with transaction.atomic():
        written(2)
        transaction.set_rollback(True)
    assert entries(table_name="teams_team") == []


@pytest.mark.django_db
def test_emptying_a_table_is_noted() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE delivery_holiday ENABLE TRIGGER audit_truncate")
        cursor.execute("TRUNCATE delivery_holiday")
        cursor.execute("ALTER TABLE delivery_holiday DISABLE TRIGGER audit_truncate")
    assert [one.table_name for one in entries(action="truncate")] == ["delivery_holiday"]


# --- what must not be in it ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_secrets_are_never_written_down_only_that_they_changed(organisation: Organisation) -> None:
    user = User.objects.create_user("new@example.org", "the first password here")
    user.set_password("the second password here")
    user.save()
    source = Source.objects.create(team=organisation.squad_a, provider="git", name="Git", secret=b"first-cipher-text")
    Source.objects.filter(pk=source.pk).update(secret=b"second-cipher-text")
    Source.objects.filter(pk=source.pk).update(secret=None)
    client = Client()
    client.post("/accounts/login/", {"login": "new@example.org", "password": "the second password here"})
    secret = [
        (one.old or {}).get("secret", (one.new or {}).get("secret")) for one in entries(table_name="metrics_source")
    ]
    assert secret == ["[hidden]"] * 3
    changed = entries(table_name="metrics_source", action="update")
    assert [one.new["secret"] for one in changed] == ["[changed]", None]
    everything = json.dumps(list(AuditEntry.objects.values("old", "new", "url", "job")), default=str)
    for word in ("md5$", "cipher", b"cipher-text".hex(), "second password", str(client.session.session_key)):
        assert word not in everything
    assert not AuditEntry.objects.filter(table_name__regex="session|mfa|account_").exists()


@pytest.mark.django_db
def test_machines_facts_and_forecasts_leave_no_entry_but_a_persons_correction_does(
    organisation: Organisation, today: Any, installer: User
) -> None:
    from django.utils import timezone

    source = Source.objects.create(team=organisation.squad_a, provider="git", name="Git")
    service = Service.objects.create(source=source, name="api", title="API", team=organisation.squad_a)
    now = timezone.now()
    bad = Deployment.objects.create(
        source=source,
        service=service,
        team=service.team,
        provider_id="1",
        environment="p",
        production=True,
        sha="a",
        outcome="success",
    )
    incident = Incident.objects.create(
        source=source, service=service, team=service.team, provider_id="i", title="Down", started_at=now
    )
    link = IncidentLink.objects.create(incident=incident, deployment=bad, how="window")
    NetworkMark.objects.create(why="test")
    run = ForecastRun.objects.create(
        made_at=now, as_of=today, seed=1, trials=1, inputs={}, inputs_digest="", digest="", why=""
    )
    last = AuditEntry.objects.latest("pk").pk
    assert not AuditEntry.objects.filter(table_name__in=("metrics_deployment", "metrics_incidentlink")).exists()
    IncidentLink.objects.filter(pk=link.pk).update(
        how="person", corrected_at=now, corrected_by=installer, deployment=None
    )
    run.delete()
    found = AuditEntry.objects.filter(pk__gt=last).order_by("pk")
    assert [(one.table_name, one.action) for one in found] == [
        ("metrics_incidentlink", "update"), ("delivery_forecastrun", "delete"),
    ]  # fmt: skip
    assert found[0].new["how"] == "person"


# --- nobody edits it -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        f"UPDATE {ENTRY} SET who = 'somebody else'",
        f"UPDATE {ENTRY} SET position = position + 1, mac = mac",
        f"DELETE FROM {ENTRY}",
        f"INSERT INTO {ENTRY} SELECT * FROM {ENTRY}",
        f"UPDATE {SEAL} SET count = 7",
        f"DELETE FROM {SEAL}",
    ],
)
def test_the_trail_cannot_be_edited_without_silencing_the_triggers(sql: str) -> None:
    sealed_story(1)
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert proven().broken is None


@pytest.mark.django_db
def test_sealing_cannot_smuggle_in_another_change() -> None:
    written(1)
    sql = f"UPDATE {ENTRY} SET position = 1, mac = 'x', who = 'somebody else'"
    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


# --- the proof -------------------------------------------------------------------------------------------------------

BYTES = {
    "id": "id + 100000", "at": "at + interval '1 microsecond'", "xid": "xid + 1", "who_id": "coalesce(who_id, 0) + 1",
    "who": "who || ' '", "db_user": "overlay(db_user placing 'X' from 1)", "action": "'updatf'",
    "table_name": "overlay(table_name placing 'T' from 1)", "row_key": "row_key || '0'", "old": "'{}'",
    "new": "jsonb_set(new, '{about}', '\" \"')", "context_id": "context_id || '-'", "method": "'GET'", "url": "'/'",
    "job": "job || '.'", "position": "position + 1000000", "mac": "set_byte(mac, 31, get_byte(mac, 31) # 1)",
}  # fmt: skip
COPIED = "at, xid, db_user, action, table_name, row_key, context_id, method, url, job, new, mac"
OF_A_SEAL = {
    "number": "number + 1000", "sealed_at": "sealed_at + interval '1 microsecond'",
    "first_position": "first_position + 1", "last_position": "last_position - 1", "count": "count + 1",
    "head": "set_byte(head, 0, get_byte(head, 0) # 1)",
    "xid_horizon": "xid_horizon - 1", "cluster": "cluster || '0'", "key_name": "'0123456789abcdef'",
    "mac": "set_byte(mac, 31, get_byte(mac, 31) # 1)",
}  # fmt: skip


@pytest.mark.django_db
def test_one_byte_in_any_column_of_an_entry_is_found_and_named() -> None:
    sealed_story()
    assert set(BYTES) == {field.column for field in AuditEntry._meta.local_concrete_fields}
    for column, changed in BYTES.items():
        with transaction.atomic():
            assert as_superuser(f"UPDATE {ENTRY} SET {column} = {changed} WHERE position = 6") == 1, column
            whole, said = verify()
            assert not whole, column
            assert "position 6" in said, (column, said)
            transaction.set_rollback(True)
    assert verify()[0]


@pytest.mark.django_db
def test_one_byte_in_any_column_of_a_seal_is_found_and_named() -> None:
    sealed_story()
    assert set(OF_A_SEAL) == {field.column for field in AuditSeal._meta.local_concrete_fields}
    for column, changed in OF_A_SEAL.items():
        with transaction.atomic():
            assert as_superuser(f"UPDATE {SEAL} SET {column} = {changed} WHERE number = 2") == 1, column
            whole, said = verify()
            assert not whole, column
            assert "seal 2" in said, (column, said)
            transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tampering", "named"),
    [
        ([f"DELETE FROM {ENTRY} WHERE position = 7"], "position 7: the entry is missing"),
        ([f"DELETE FROM {ENTRY} WHERE position = 1"], "position 1: the entry is missing"),
        ([f"DELETE FROM {ENTRY} WHERE position = 12"], "position 12: the entry is missing"),
        ([f"DELETE FROM {ENTRY} WHERE position > 8"], "position 9: the entry is missing"),
        ([f"DELETE FROM {SEAL} WHERE number = 2"], "seal 2: it is missing"),
        ([f"DELETE FROM {SEAL} WHERE number = 3"], "position 9"),
        (  # what two rows say changes places
            [
                f"UPDATE {ENTRY} one SET new = other.new, row_key = other.row_key FROM {ENTRY} other "
                "WHERE (one.position, other.position) IN ((5, 6), (6, 5))"
            ],
            "position 5",
        ),
        (  # two whole rows change places
            [
                f"UPDATE {ENTRY} SET position = -position WHERE position IN (5, 6)",
                f"UPDATE {ENTRY} SET position = 11 + position WHERE position < 0",
            ],
            "position 5",
        ),
        (  # an entry between two others, the rest moved up
            [
                f"UPDATE {ENTRY} SET position = -position - 1 WHERE position > 5",
                f"UPDATE {ENTRY} SET position = -position WHERE position < 0",
                f"INSERT INTO {ENTRY} (id, position, who, {COPIED}) "
                f"SELECT id + 100000, 6, 'Somebody', {COPIED} FROM {ENTRY} WHERE position = 5",
            ],
            "position 6",
        ),
        (  # a seal replaced by a copy of an older one
            [
                f"UPDATE {SEAL} seal SET head = older.head, mac = older.mac, sealed_at = older.sealed_at "
                f"FROM {SEAL} older WHERE seal.number = 3 AND older.number = 2"
            ],
            "seal 3",
        ),
        (  # an entry that claims a place behind every seal
            [
                f"INSERT INTO {ENTRY} (id, position, who, {COPIED}) "
                f"SELECT id + 100000, 13, who, {COPIED} FROM {ENTRY} WHERE position = 12"
            ],
            "position 13",
        ),
    ],
)  # fmt: skip
def test_dropping_swapping_inserting_and_replacing_is_found_and_named(tampering: list[str], named: str) -> None:
    sealed_story()
    assert verify()[0]
    for sql in tampering:
        as_superuser(sql)
    whole, said = verify()
    assert not whole
    assert named in said


@pytest.mark.django_db
def test_a_tail_that_was_cut_off_or_sealed_anew_is_found_by_the_anchor(tmp_path: Path) -> None:
    anchor = tmp_path / "anchor"
    with override_settings(SEAL_ANCHOR=str(anchor)):
        sealed_story()
    assert verify(anchor=str(anchor))[0]
    as_superuser(f"DELETE FROM {ENTRY} WHERE position > 8")
    as_superuser(f"DELETE FROM {SEAL} WHERE number > 2")
    assert verify()[0]  # nothing inside the database can tell
    whole, said = verify(anchor=str(anchor))
    assert not whole
    assert "seal 3" in said
    assert "end of the trail is missing" in said
    written(4, "Other")
    sealing.seal()
    whole, said = verify(anchor=str(anchor))
    assert not whole
    assert "seal 3: it is not the one that the anchor knows" in said


@pytest.mark.django_db(transaction=True)
def test_an_entry_put_there_after_the_seal_is_found_before_and_after_it_is_sealed() -> None:
    written(3)
    sealing.seal()
    # a transaction that ended long ago: one of another database may hold the horizon back just now
    copied = "at, 5, 'Somebody', db_user, action, table_name, row_key, context_id, method, url, job"
    as_superuser(
        f"INSERT INTO {ENTRY} (id, at, xid, who, db_user, action, table_name, row_key, context_id, method, url, job) "
        f"SELECT id + 100000, {copied} FROM {ENTRY} WHERE position = 2"
    )
    whole, said = verify()
    assert not whole
    assert "put there later" in said
    sealing.seal()
    whole, said = verify()
    assert not whole
    assert "position 4" in said
    assert "which did not know it" in said


@pytest.fixture
def exported() -> list[str]:
    sealed_story(2, 3)
    return [trail.line_of(record) for record in trail.records()]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.django_db
def test_no_tampering_with_a_row_goes_unseen(exported: list[str], data: st.DataObject) -> None:
    lines = [json.loads(line) for line in exported]
    _tampered(lines, data)
    text = [json.dumps(line) for line in lines]
    with contextlib.suppress(trail.BadExport):
        assert chain.check(trail.from_file(text), sealing.keys()).broken is not None


def _tampered(lines: list[dict[str, Any]], data: st.DataObject) -> None:
    """One drop, copy, swap or change of a value; never a cut at the end, which only an anchor can find."""
    index = data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["drop", "copy", "swap", "change"])):
        case "drop":
            last_seal = max(place for place, line in enumerate(lines) if line["kind"] == "seal")
            del lines[index if index < last_seal or index > last_seal else index - 1]
        case "copy":
            lines.insert(data.draw(st.integers(0, len(lines))), dict(lines[index]))
        case "swap":
            other = data.draw(st.integers(0, len(lines) - 1).filter(lambda number: number != index))
            lines[index], lines[other] = lines[other], lines[index]
        case _:
            name = data.draw(st.sampled_from(sorted(set(lines[index]) - {"kind"})))
            old = lines[index][name]
            if isinstance(old, int):
                lines[index][name] = old + data.draw(st.integers(-5, 5).filter(bool))
            elif name in ("at", "sealed_at"):
                lines[index][name] = old.replace("20", "19", 1)
            elif name in ("mac", "head"):
                lines[index][name] = ("0" if old[0] != "0" else "1") + old[1:]
            else:
                lines[index][name] = data.draw(st.text(max_size=9).filter(lambda word: word != old))


# --- keys, files, batches --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_key_is_changed_by_putting_the_new_one_in_front_and_both_are_needed() -> None:
    old, new = "o" * 32, "n" * 32
    with override_settings(SEAL_KEYS=[old]):
        written(2, "Old")
        sealing.seal()
    with override_settings(SEAL_KEYS=[new, old]):
        written(2, "New")
        sealing.seal()
        assert verify()[0]
    with override_settings(SEAL_KEYS=[new]):
        whole, said = verify()
        assert not whole
        assert chain.key_name(old) in said
    with override_settings(SEAL_KEYS=[]), pytest.raises(ImproperlyConfigured):
        sealing.seal()


@pytest.mark.django_db
def test_an_export_proves_itself_and_one_changed_letter_in_it_is_found(tmp_path: Path) -> None:
    from django.core.management import call_command

    sealed_story()
    path = tmp_path / "trail.jsonl"
    call_command("export_audit", output=str(path))
    as_superuser(f"DELETE FROM {ENTRY}")  # the file stands alone
    whole, said = verify(file=str(path))
    assert whole
    assert "12 entries under 3 seals" in said
    text = path.read_text()
    path.write_text(text.replace("Batch1 2", "Batch1 3", 1))
    whole, said = verify(file=str(path))
    assert not whole
    assert "position 7" in said
    path.write_text(text.replace("}\n", "\n", 1))
    assert "Line 1 is not a line of an export" in verify(file=str(path))[1]


@pytest.mark.django_db
def test_a_batch_that_does_not_hold_everything_is_followed_by_the_next() -> None:
    written(7)
    assert sealing.seal(batch=3) == 7
    assert list(AuditSeal.objects.values_list("first_position", "last_position")) == [(1, 3), (4, 6), (7, 7)]
    assert sealing.seal() == 0
    written(1, "More")
    whole, said = verify()
    assert whole
    assert "1 entries not sealed yet" in said


def test_the_format_is_the_one_that_is_documented() -> None:
    """A worked example of docs/audit.md: whoever re-implements it checks against these bytes."""
    from datetime import UTC, datetime

    entry = chain.Entry(
        position=1, id=7, at=datetime(2026, 11, 26, 18, 40, 1, 123, tzinfo=UTC), xid=900, who_id=None, who="Zoë",
        db_user="plumbline", action="update", table_name="teams_team", row_key="3", old='{"name": "A"}',
        new='{"name": "B"}', context_id="", method="", url="", job="psql", mac=b"",
    )  # fmt: skip
    assert chain.canonical(entry).decode() == (
        "23:plumbline-audit-entry-1,1:1,1:7,27:2026-11-26T18:40:01.000123Z,3:900,~,4:Zoë,9:plumbline,6:update,"
        '10:teams_team,1:3,13:{"name": "A"},13:{"name": "B"},0:,0:,0:,4:psql,'
    )
    mac = chain.code("k" * 32, chain.ZERO, entry).hex()
    document = (Path(__file__).resolve().parents[2] / "docs" / "audit.md").read_text()
    assert mac in document
    assert chain.canonical(entry).decode() in document


# --- many at once ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_lose_nothing_and_late_ones_are_sealed_late() -> None:
    """One transaction writes first and commits last, others write and roll back, and the sealer never stops."""
    first_wrote, others_done = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            written(1, "Slow")
            first_wrote.set()
            others_done.wait(20)
        connection.close()

    def writer(number: int) -> None:
        for n in range(8):
            try:
                with transaction.atomic():
                    written(1, f"W{number}x{n}")
                    if n % 3 == 2:
                        raise RuntimeError
            except RuntimeError:
                pass
        connection.close()

    held = threading.Thread(target=slow)
    held.start()
    assert first_wrote.wait(20)
    writers = [threading.Thread(target=writer, args=(number,)) for number in range(4)]
    for one in writers:
        one.start()
    while any(one.is_alive() for one in writers):
        sealing.seal(batch=5)
        writers[0].join(0.01)
    sealing.seal()
    assert not AuditEntry.objects.filter(new__name__startswith="Slow").exists()
    others_done.set()
    held.join(20)
    assert sealing.seal() == 1
    assert (
        AuditEntry.objects.filter(table_name="teams_team", action="insert").count() == Team.objects.count() == 4 * 6 + 1
    )
    assert AuditEntry.objects.order_by("-position").first().new["name"] == "Slow 0"  # type: ignore[union-attr]
    verdict = proven()
    assert (verdict.broken, verdict.entries) == (None, AuditEntry.objects.count())
    assert verify()[0]
