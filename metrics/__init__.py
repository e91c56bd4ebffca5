"""What really happened: sources, deployments, changes, incidents, and the measures drawn from them."""
