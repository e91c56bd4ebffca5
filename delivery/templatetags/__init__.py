"""Filters of the promises' pages."""
