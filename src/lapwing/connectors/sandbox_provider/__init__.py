"""A provider to try things on: a process of its own, which counts what it was told and what it did.

`python -m lapwing.connectors.sandbox_provider --port 0 --journal FILE [--port-file FILE]`; only the standard library.
The token, where one is asked for, comes from the environment: LAPWING_SANDBOX_PROVIDER_TOKEN.
"""
