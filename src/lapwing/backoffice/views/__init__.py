"""One file a screen; a view asks a query or calls an action, and hands plain data to a template."""
