"""The trail of every write: which tables, the triggers, the sealed chain, and how it is read, shown and proven."""
