"""What leaders decide and sign, and the trail of every write."""

from .audit import AuditEntry, AuditSeal

__all__ = ["AuditEntry", "AuditSeal"]
