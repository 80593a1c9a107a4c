"""Writes of definitions and runs, one verb a file."""
