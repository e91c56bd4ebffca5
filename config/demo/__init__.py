"""The demo: a sample organisation with a year behind it, and one command that runs everything."""
