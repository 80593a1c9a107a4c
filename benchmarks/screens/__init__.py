"""How fast the screens answer on a large base: every page of the map, every filter of every list."""
