"""Writes of the audit: record one entry, seal what is not yet sealed."""
