"""Measures the mass run against what a person would write by hand; `python -m benchmarks --help`."""
