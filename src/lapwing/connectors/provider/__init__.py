"""Systems that deliver a service: told to create, change, activate and deactivate it."""
