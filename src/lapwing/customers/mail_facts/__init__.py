"""What mails about customers say, one file an event."""
