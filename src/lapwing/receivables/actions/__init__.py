"""Writes of receivables, one verb a file. Each locks the account first, like a run does."""
