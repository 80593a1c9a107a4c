"""Writes of an import through the screens; one verb a file."""
