"""Owns subscriptions, their billing terms, their grace, and the actions that are their whole history."""
