"""What mails about subscriptions say, one file an event."""
