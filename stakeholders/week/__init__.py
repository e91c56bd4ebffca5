"""The weekly page: what happened, what it means, what changed."""
