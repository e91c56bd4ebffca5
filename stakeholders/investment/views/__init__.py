"""Pages of debt, modernisation, budget, readiness and retro actions."""
