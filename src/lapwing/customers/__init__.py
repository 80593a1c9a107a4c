"""Owns the customers and whom to write to."""
