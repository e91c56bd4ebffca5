"""What the registers ask for."""
