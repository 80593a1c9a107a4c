"""Job types of the tests."""
