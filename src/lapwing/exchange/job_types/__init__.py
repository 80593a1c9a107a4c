"""The import as work in the background."""
