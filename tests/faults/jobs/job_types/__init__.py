"""Job types of these tests."""
