"""Owns the operators' screens: they call the same actions and queries as the command line and hold no rule."""
