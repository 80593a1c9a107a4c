"""Files in and out: the six import files, their export, definition files."""
