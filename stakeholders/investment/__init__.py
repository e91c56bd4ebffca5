"""Where time and money go: technical debt, modernisation, budget, and the checklist before a release."""
