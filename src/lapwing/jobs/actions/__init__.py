"""Writes to the ledger; one verb a file."""
