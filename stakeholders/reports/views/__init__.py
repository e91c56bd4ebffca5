"""The pages of reports: the list of a scope, one report with its steps and files, and the ledger."""
