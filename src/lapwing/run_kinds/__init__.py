"""Owns what runs do, one kind a file, and in `criteria/` what they can be narrowed by, one criterion a file."""
