"""One criterion a file; each registers itself under the key it has in a definition file."""
