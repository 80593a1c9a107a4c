"""The typed jobs, one file each."""
