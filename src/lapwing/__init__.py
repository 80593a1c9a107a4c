"""Lapwing runs the operations of a subscription business: runs act on many, jobs act on one."""

__version__ = "0.1.0"
