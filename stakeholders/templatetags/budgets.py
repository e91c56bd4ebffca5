"""Cents as the pages of the budget write them."""

from __future__ import annotations

from django import template

from stakeholders.investment.amounts import cents

register = template.Library()
register.filter("cents", cents)
