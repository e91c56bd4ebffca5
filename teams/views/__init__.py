"""The pages of teams and people: parse, call one action, answer."""
