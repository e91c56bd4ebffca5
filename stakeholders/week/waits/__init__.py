"""What waits for a leader, one module for each family: a gatherer is a function from `Asked` to items."""
