"""Writes to messages; one verb a file."""
