"""The actions of a run as one text: what the audit entry of a batch keeps the hash of."""

from typing import Any

from django.db import connection

from lapwing.core.sql import rows, table
from lapwing.runs.models import RunItem
from lapwing.subscriptions.models import SubscriptionAction

_COLUMNS = (
    "subscription_id", "revision", "behaviour", "state", "from_state", "to_state", "grace_was_open", "grace_open",
    "grace_start_on", "grace_end_on", "quantity", "reason_code", "reason", "run_id", "requested_by", "executed_on",
)  # fmt: skip
_BOOLEANS = {"grace_was_open", "grace_open"}


def proof_of_run(run_id: int, first_subscription: int, last_subscription: int, calendar: str | None) -> str:
    """One line an action in the order of subscriptions; the same text on both databases. `calendar` narrows it to
    the items of one country where batches of several lie in the same range.
    """
    also, parameters = "AND scheduled_on IS NULL", []
    if calendar is not None:
        also += (
            f" AND EXISTS (SELECT 1 FROM {table(RunItem)} i WHERE i.run_id = {table(SubscriptionAction)}.run_id "
            "AND i.subject_id = subscription_id AND i.calendar = %s)"
        )
        parameters.append(calendar)
    return _proof("subscription_id", [run_id, first_subscription, last_subscription, *parameters], also)


def proof_of_actions(run_id: int, first_action: int, last_action: int) -> str:
    """The same for runs whose subjects are the actions themselves."""
    return _proof("id", [run_id, first_action, last_action], "")


def _proof(key: str, parameters: list[Any], also: str) -> str:
    line = " || '|' || ".join(_as_text(column) for column in _COLUMNS)
    join = (
        "string_agg(line, chr(10) ORDER BY key)"
        if connection.vendor == "postgresql"
        else "group_concat(line, char(10))"
    )
    found = rows(
        f"SELECT {join} FROM (SELECT {key} AS key, {line} AS line FROM {table(SubscriptionAction)} "
        f"WHERE run_id = %s AND {key} BETWEEN %s AND %s {also} ORDER BY {key}) lines",
        parameters,
    )
    return found[0][0] or ""


def _as_text(column: str) -> str:
    if column in _BOOLEANS:
        return f"CASE WHEN {column} THEN 't' ELSE 'f' END"
    return f"COALESCE(CAST({column} AS TEXT), '')"
