"""Turns LAPWING_DATABASE_URL into Django's settings for SQLite or PostgreSQL."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

# How long a writer waits for another one: a selection over a million rows holds SQLite's write lock for seconds.
SQLITE_WAIT_S = 120
SQLITE_SETUP = ";".join(
    (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "PRAGMA cache_size=-16000",
        "PRAGMA temp_store=FILE",
    )
)
# JIT costs more than it gives on statements of this size; a frozen process must not hold its locks for ever.
POSTGRESQL_SETUP = "-c jit=off -c work_mem=48MB -c idle_in_transaction_session_timeout=120s"

# A line that was cut without a word is noticed within a minute; nobody waits for the kernel to give up.
POSTGRESQL_LINE = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}


def database_settings(url: str) -> dict[str, Any]:
    """Raises ValueError for a scheme that is neither sqlite nor postgresql."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path(unquote(url.removeprefix("sqlite:///"))),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": SQLITE_WAIT_S,
                "init_command": SQLITE_SETUP,
            },
        }
    if parts.scheme in {"postgresql", "postgres"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "OPTIONS": {"options": POSTGRESQL_SETUP, **POSTGRESQL_LINE, **dict(parse_qsl(parts.query))},
        }
    raise ValueError(
        f"LAPWING_DATABASE_URL begins with {parts.scheme or 'nothing'}:, expected sqlite:///path or postgresql://…"
    )
