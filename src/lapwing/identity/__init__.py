"""Owns the organisation with its settings and holidays, the users, their roles, and what a role may do."""
