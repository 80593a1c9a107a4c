"""Owns the ports to other systems, and one adapter a file."""
