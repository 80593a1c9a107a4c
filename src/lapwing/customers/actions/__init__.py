"""Writes to customers; one verb a file."""
