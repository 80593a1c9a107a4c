"""The database went away, or cut the line: how that is told from other errors, and the wait until it answers again."""

import logging
import time

from django.db import InterfaceError, OperationalError, connection

log = logging.getLogger("lapwing.jobs")
RECONNECT_AFTER_S = 1.0


def was_lost(error: BaseException) -> bool:
    """True where the database is away or cut the line; a deadlock or a lock that timed out is not that."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    return connection.vendor == "postgresql" and not connection.is_usable()


def wait_for_database() -> None:
    """Returns with a new connection; whoever waits claims nothing meanwhile."""
    while True:
        connection.close()
        try:
            connection.ensure_connection()
            return
        except (OperationalError, InterfaceError) as error:
            log.warning("the database is away, trying again: %s", type(error).__name__)
            time.sleep(RECONNECT_AFTER_S)
