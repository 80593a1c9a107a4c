"""The schedule builder: what is ticked becomes a schedule or a recurrence rule, and a rule becomes ticks again.

A rule that the builder would not write in the same letters stays a written rule, so nothing is lost by opening it.
"""

import re
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

METHODS = (
    ("now", _("once, as soon as it is submitted")),
    ("at", _("once, at a time")),
    ("repeat", _("every so many hours, days, months …")),
    ("weekly", _("weekly, on weekdays")),
    ("monthly", _("monthly, on a day")),
    ("advanced", _("by a written rule")),
)
UNITS = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PLACES = (("1", _("first")), ("2", _("second")), ("3", _("third")), ("4", _("fourth")), ("-1", _("last")))
MONTHLY = (("day", _("on day")), ("last", _("on the last day")), ("nth", _("on the")))
ENDS = (("never", _("never")), ("until", _("on a date")), ("count", _("after so many times")))
BUILT = {"weekly", "monthly"}


def read_schedule(posted: QueryDict) -> dict[str, Any]:
    """The section `schedule` of a definition file."""
    method = _given(posted, "method") or "now"
    if method == "repeat":
        every = _given(posted, "every")
        typed = {
            "start": _given(posted, "start"),
            "every": int(every) if re.fullmatch("[0-9]{1,9}", every) else every,
            "unit": _given(posted, "unit"),
            "end": _given(posted, "end"),
        }
        return {"method": method, **_without_empty(typed)}
    if method == "at":
        return {"method": method, **_without_empty({"at": _given(posted, "at")})}
    if method in BUILT or method == "advanced":
        written = _given(posted, "rule")
        rule = _built(method, posted) if method in BUILT else written
        rule = written if written.removeprefix("RRULE:") == rule else rule  # as it was written
        return {"method": "advanced", **_without_empty({"rule": rule, "start": _given(posted, "start")})}
    return {"method": method}


def _given(posted: QueryDict, name: str) -> str:
    return posted.get(f"schedule.{name}", "").replace("\0", "").strip()[:2000]


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != ""}


def _built(method: str, posted: QueryDict) -> str:
    """The recurrence rule of what is ticked."""
    every = _given(posted, "interval")
    parts = ["FREQ=" + method.upper(), f"INTERVAL={every}" if every not in ("", "1") else ""]
    if method == "weekly":
        ticked = set(posted.getlist("schedule.weekdays"))
        parts.append("BYDAY=" + ",".join(day for day in WEEKDAYS if day in ticked) if ticked else "")
    elif _given(posted, "monthly") == "nth":
        parts.append(f"BYDAY={_given(posted, 'place')}{_given(posted, 'weekday')}")
    elif _given(posted, "monthly") == "last":
        parts.append("BYMONTHDAY=-1")
    else:
        parts.append(f"BYMONTHDAY={_given(posted, 'day')}")
    ends = _given(posted, "ends")
    if ends == "until":
        parts.append("UNTIL=" + _given(posted, "until").replace("-", ""))
    elif ends == "count":
        parts.append("COUNT=" + _given(posted, "count"))
    return ";".join(filter(None, parts))


def posted_schedule(schedule: dict[str, Any], posted: QueryDict) -> None:
    """Puts a stored schedule into the builder's inputs."""
    rule = schedule.get("rule", "").removeprefix("RRULE:")
    ticks = _as_posted(_ticks(rule)) if schedule["method"] == "advanced" else QueryDict()
    if ticks and _built(ticks["schedule.method"], ticks) != rule:
        ticks = QueryDict()
    for name, value in schedule.items():
        if value is not None and f"schedule.{name}" not in ticks:
            posted[f"schedule.{name}"] = str(value)
    posted.update(ticks)


def _as_posted(values: dict[str, Any]) -> QueryDict:
    posted = QueryDict(mutable=True)
    for name, value in values.items():
        posted.setlist(f"schedule.{name}", value if isinstance(value, list) else [value])
    return posted


def _ticks(rule: str) -> dict[str, Any]:
    """What would have to be ticked for a rule of this sort; {} for one that the builder does not know."""
    parts = {name: value for name, _sign, value in (part.partition("=") for part in rule.split(";"))}
    method = parts.pop("FREQ", "").lower()
    if method not in BUILT:
        return {}
    ticks: dict[str, Any] = {"method": method, "interval": parts.get("INTERVAL", "1"), "ends": "never"}
    days = parts.get("BYDAY", "")
    if method == "weekly":
        ticks["weekdays"] = days.split(",") if days else []
    elif days:
        ticks |= {"monthly": "nth", "place": days[:-2], "weekday": days[-2:]}
    elif parts.get("BYMONTHDAY") == "-1":
        ticks["monthly"] = "last"
    else:
        ticks |= {"monthly": "day", "day": parts.get("BYMONTHDAY", "")}
    if "COUNT" in parts:
        ticks |= {"ends": "count", "count": parts["COUNT"]}
    elif len(parts.get("UNTIL", "")) == 8:
        until = parts["UNTIL"]
        ticks |= {"ends": "until", "until": f"{until[:4]}-{until[4:6]}-{until[6:]}"}
    return ticks
