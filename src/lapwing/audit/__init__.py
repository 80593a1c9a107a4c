"""Owns the append-only record of every action, and the chain of hashes that proves it whole."""
