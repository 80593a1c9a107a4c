"""Figures over the whole base, kept by the service so that no request counts a large table."""
