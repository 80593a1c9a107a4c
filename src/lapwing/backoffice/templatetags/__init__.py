"""How facts are written on a screen."""
