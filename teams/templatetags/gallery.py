"""Example values for the gallery of components, written as JSON where they are shown."""

from __future__ import annotations

import json
from typing import Any

from django import template

register = template.Library()


@register.simple_block_tag
def example(content: str) -> Any:
    """The JSON inside as a value: {% example as tile %}{"label": "Lead time"}{% endexample %}."""
    return json.loads(content)
