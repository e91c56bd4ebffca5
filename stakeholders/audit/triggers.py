"""The triggers that write the trail, and the hand that installs them after every migration.

One function for all tables, called once a statement with the rows it touched, so that an import pays one call and not
ten thousand. Who and from where come from pghistory's context; without one, from the connection.
"""

from __future__ import annotations

import hashlib

from django.db import connections

from .tables import ALL_WRITES, Covered, covered

FUNCTION = """
CREATE OR REPLACE FUNCTION plumbline_audit_masked(line jsonb, secret text[], word text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN line IS NULL OR NOT line ?| secret THEN line ELSE (
        SELECT jsonb_object_agg(key, CASE WHEN key = ANY(secret) AND value <> 'null' THEN to_jsonb(word) ELSE value END)
          FROM jsonb_each(line)) END
$$;
CREATE OR REPLACE FUNCTION plumbline_audit() RETURNS trigger LANGUAGE plpgsql SET timezone TO 'UTC' AS $$
DECLARE
    key_column text := TG_ARGV[0];
    secret text[] := string_to_array(TG_ARGV[1], ',');
    only_rows jsonb := nullif(TG_ARGV[2], '')::jsonb;
    context jsonb;
    user_id bigint;
    name text;
    method text; url text; job text; context_id text;
BEGIN
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' THEN
        IF NOT EXISTS (SELECT 1 FROM new_rows) THEN RETURN NULL; END IF;
    ELSIF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT 1 FROM old_rows) THEN RETURN NULL; END IF;
    END IF;
    context := coalesce(nullif(current_setting('pghistory.context_metadata', true), ''), '{}')::jsonb;
    IF context->>'user' ~ '^[0-9]{1,18}$' THEN user_id := (context->>'user')::bigint; END IF;
    IF user_id IS NOT NULL THEN
        name := coalesce(
            (SELECT person.name FROM teams_person person WHERE person.user_id = (context->>'user')::bigint),
            (SELECT coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.email)
               FROM teams_user u WHERE u.id = (context->>'user')::bigint),
            'user ' || user_id);
    END IF;
    name := coalesce(name, 'database user ' || session_user);
    context_id := coalesce(nullif(current_setting('pghistory.context_id', true), ''), '');
    method := left(coalesce(context->>'method', ''), 10);
    url := left(coalesce(context->>'url', ''), 2000);
    job := left(coalesce(context->>'job', CASE WHEN url = '' THEN current_setting('application_name') END, ''), 200);

    IF TG_OP = 'INSERT' THEN
        INSERT INTO stakeholders_auditentry (at, xid, who_id, who, db_user, action, table_name, row_key, old, new,
                                             context_id, method, url, job)
        SELECT clock_timestamp(), pg_current_xact_id()::text::bigint, user_id, name, session_user, 'insert',
               TG_TABLE_NAME, coalesce(n.line->>key_column, ''), NULL,
               plumbline_audit_masked(n.line, secret, '[hidden]'),
               context_id, method, url, job
          FROM (SELECT to_jsonb(r) AS line FROM new_rows r) n
         WHERE only_rows IS NULL OR n.line @> only_rows;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO stakeholders_auditentry (at, xid, who_id, who, db_user, action, table_name, row_key, old, new,
                                             context_id, method, url, job)
        SELECT clock_timestamp(), pg_current_xact_id()::text::bigint, user_id, name, session_user, 'update',
               TG_TABLE_NAME, coalesce(n.key, o.key, ''),
               plumbline_audit_masked((SELECT jsonb_object_agg(key, value) FROM jsonb_each(o.line)
                                        WHERE value IS DISTINCT FROM n.line -> key), secret, '[hidden]'),
               plumbline_audit_masked((SELECT jsonb_object_agg(key, value) FROM jsonb_each(n.line)
                                        WHERE value IS DISTINCT FROM o.line -> key), secret, '[changed]'),
               context_id, method, url, job
          FROM (SELECT to_jsonb(r) AS line, to_jsonb(r)->>key_column AS key FROM old_rows r) o
          FULL JOIN (SELECT to_jsonb(r) AS line, to_jsonb(r)->>key_column AS key FROM new_rows r) n ON n.key = o.key
         WHERE o.line IS DISTINCT FROM n.line
           AND (only_rows IS NULL OR o.line @> only_rows OR n.line @> only_rows);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO stakeholders_auditentry (at, xid, who_id, who, db_user, action, table_name, row_key, old, new,
                                             context_id, method, url, job)
        SELECT clock_timestamp(), pg_current_xact_id()::text::bigint, user_id, name, session_user, 'delete',
               TG_TABLE_NAME, coalesce(o.line->>key_column, ''),
               plumbline_audit_masked(o.line, secret, '[hidden]'), NULL,
               context_id, method, url, job
          FROM (SELECT to_jsonb(r) AS line FROM old_rows r) o
         WHERE only_rows IS NULL OR o.line @> only_rows;
    ELSE
        INSERT INTO stakeholders_auditentry (at, xid, who_id, who, db_user, action, table_name, row_key, old, new,
                                             context_id, method, url, job)
        VALUES (clock_timestamp(), pg_current_xact_id()::text::bigint, user_id, name, session_user, 'truncate',
                TG_TABLE_NAME, '', NULL, NULL, context_id, method, url, job);
    END IF;
    RETURN NULL;
END $$;
"""
VERSION = hashlib.sha256(FUNCTION.encode()).hexdigest()[:32]
ROWS = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "REFERENCING OLD TABLE AS old_rows",
    "truncate": "",
}


def install(using: str = "default") -> int:
    """Make what is missing or different; how many triggers were written. The second time there is nothing to do."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regclass('stakeholders_auditentry') IS NOT NULL")
        if not cursor.fetchone()[0]:  # migrated back: nothing may write into a table that is gone
            cursor.execute("DROP FUNCTION IF EXISTS plumbline_audit() CASCADE")
            return 0
        cursor.execute(
            "SELECT obj_description(to_regproc('plumbline_audit')::oid, 'pg_proc'), ARRAY("
            "  SELECT tablename::text FROM pg_tables WHERE schemaname = ANY(current_schemas(false)))"
        )
        version, tables = cursor.fetchone()
        if version != VERSION:
            cursor.execute(FUNCTION)
            cursor.execute(f"COMMENT ON FUNCTION plumbline_audit() IS '{VERSION}'")
        cursor.execute(
            "SELECT class.relname, tg.tgname, encode(tg.tgargs, 'escape') FROM pg_trigger tg "
            "JOIN pg_class class ON class.oid = tg.tgrelid "
            "WHERE tg.tgfoid = 'plumbline_audit'::regproc AND class.relnamespace::regnamespace::text "
            "= ANY(current_schemas(false)::text[])"
        )
        there = {(table, name): arguments for table, name, arguments in cursor.fetchall()}
        wanted = {
            (one.table, f"audit_{write}"): (one, write)
            for one in covered()
            if one.table in tables
            for write in one.writes
        }
        for table, name in there.keys() - wanted.keys():
            cursor.execute(f'DROP TRIGGER "{name}" ON "{table}"')
        written = 0
        for place, (one, write) in wanted.items():
            if there.get(place) != "".join(f"{part}\\000" for part in _arguments(one)):
                cursor.execute(_trigger(one, write))
                written += 1
        return written


def _arguments(one: Covered) -> tuple[str, str, str]:
    return one.key, ",".join(one.secret), one.only


def _trigger(one: Covered, write: str) -> str:
    assert write in ALL_WRITES  # noqa: S101
    arguments = ", ".join("'" + part.replace("'", "''") + "'" for part in _arguments(one))
    return (
        f'CREATE OR REPLACE TRIGGER "audit_{write}" AFTER {write.upper()} ON "{one.table}" {ROWS[write]} '
        f"FOR EACH STATEMENT EXECUTE FUNCTION plumbline_audit({arguments})"
    )
