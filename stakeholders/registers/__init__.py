"""Registers: risks, acceptances in writing, requirements found late, decisions."""
