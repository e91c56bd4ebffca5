"""The pages of the measures and of the sources."""
