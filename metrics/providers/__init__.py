"""Providers, a folder each: `client` talks, `parse` turns words into facts. They know no model and no Celery."""
