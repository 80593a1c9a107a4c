"""Writes of subscriptions: one by one (`perform`), by set (`perform_many`), planned, protected."""
