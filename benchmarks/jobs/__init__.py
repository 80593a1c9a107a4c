"""Measures the ledger of jobs against queues that others made and against what the database itself can do."""
