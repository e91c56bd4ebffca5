"""What was promised, and when will it land? The promises themselves arrive with their own pages."""
