"""Owns accounts, open items, payments and their allocation, holds, promises, disputes and reminders."""
