"""Owns the ledger of jobs: what is to be done, by whom it is held, and how it ended."""
