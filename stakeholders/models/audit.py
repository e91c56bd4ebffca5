"""The audit trail: one row for each row that anybody wrote, and the seals that chain them.

Entries are written by database triggers alone (`audit/triggers.py`). Sealing gives an entry its place and its code,
once; nothing else about it can ever change, and nothing is deleted. `audit/chain.py` says what a code is.
"""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from delivery.models.kept import append_only

FIXED = (
    "id", "at", "xid", "who_id", "who", "db_user", "action", "table_name", "row_key", "old", "new", "context_id",
    "method", "url", "job",
)  # fmt: skip
_SAME = "({}) IS NOT DISTINCT FROM ({})".format(
    *(", ".join(f"{row}.{name}" for name in FIXED) for row in ("NEW", "OLD"))
)


class AuditEntry(models.Model):
    """Who wrote what, when, from where. `position` and `mac` are empty until the entry is sealed."""

    class Action(models.TextChoices):
        INSERT = "insert", "Added"
        UPDATE = "update", "Changed"
        DELETE = "delete", "Deleted"
        TRUNCATE = "truncate", "Emptied the table"

    at = models.DateTimeField()
    xid = models.BigIntegerField()  # the transaction that wrote it
    who_id = models.BigIntegerField(null=True)  # no foreign key: evidence outlives what it speaks of
    who = models.CharField(max_length=300)  # the name as it was then
    db_user = models.CharField(max_length=63)
    action = models.CharField(max_length=10)
    table_name = models.CharField(max_length=63)
    row_key = models.CharField(max_length=200, blank=True)
    old = models.JSONField(null=True)
    new = models.JSONField(null=True)
    context_id = models.CharField(max_length=36, blank=True)  # one for all writes of a request
    method = models.CharField(max_length=10, blank=True)
    url = models.CharField(max_length=2000, blank=True)
    job = models.CharField(max_length=200, blank=True)  # the task or the program
    position = models.BigIntegerField(null=True, unique=True)
    mac = models.BinaryField(null=True)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["table_name", "row_key"], name="audit_of_a_row"),
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["id"], condition=Q(position=None), name="audit_not_sealed"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(position=None, mac=None) | Q(position__isnull=False, mac__isnull=False),
                name="audit_position_and_mac_together",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="audit_entry_is_kept",
                operation=pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                func=(
                    "IF TG_OP = 'UPDATE' THEN IF OLD.position IS NULL AND NEW.position IS NOT NULL "
                    f"AND {_SAME} THEN RETURN NEW; END IF; END IF; "
                    "RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;"
                ),
            ),
            pgtrigger.Trigger(
                name="audit_entry_is_written_by_triggers",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                level=pgtrigger.Statement,
                func=(
                    "IF pg_trigger_depth() < 2 THEN RAISE EXCEPTION 'pgtrigger: only triggers write to %', "
                    "TG_TABLE_NAME; END IF; RETURN NULL;"
                ),
            ),
            append_only("audit_entry")[1],
        ]

    def __str__(self) -> str:
        return f"{self.who}: {self.action} {self.table_name} {self.row_key}"


class AuditSeal(models.Model):
    """One batch of entries, closed. `xid_horizon`: every transaction below it had ended when the batch was read."""

    number = models.BigIntegerField(primary_key=True)
    sealed_at = models.DateTimeField()
    first_position = models.BigIntegerField()
    last_position = models.BigIntegerField()
    count = models.BigIntegerField()
    head = models.BinaryField()  # the code of the last entry
    xid_horizon = models.BigIntegerField()
    cluster = models.CharField(max_length=40)  # transaction numbers are comparable within one
    key_name = models.CharField(max_length=16)
    mac = models.BinaryField()

    class Meta:
        ordering = ["number"]
        triggers = append_only("audit_seal")

    def __str__(self) -> str:
        return f"Seal {self.number}: {self.first_position}–{self.last_position}"
