"""What leaders see, decide and sign: the weekly page first."""
