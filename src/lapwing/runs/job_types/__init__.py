"""Internal job types of the mechanism."""
