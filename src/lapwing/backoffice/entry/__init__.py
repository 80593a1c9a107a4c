"""The form in which a definition is written, generated from what its run kind declares; it names no kind."""
