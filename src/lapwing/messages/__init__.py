"""Owns e-mail templates, their small language, and copies of what was sent."""
