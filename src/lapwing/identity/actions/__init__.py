"""Writes of the organisation and its users."""
