"""Settings from the environment: the only place that knows every app."""
