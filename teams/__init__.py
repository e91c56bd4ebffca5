"""Who: the tree of teams, people, memberships over time, and the one door of access."""
