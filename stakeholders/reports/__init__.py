"""Reports: one fact base, many renderings, and a ledger of who was told what and when."""
