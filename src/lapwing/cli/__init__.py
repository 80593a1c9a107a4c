"""The `lapwing` command: parses, calls an action or a query, prints. Holds no rule."""
