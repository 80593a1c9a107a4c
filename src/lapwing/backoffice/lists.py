"""Lists are read page by page along a key, with filters from fixed choices; nothing is ever counted to its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from django.http import HttpRequest, QueryDict

from lapwing.identity.queries import today

PAGE = 50
LONGEST = 100  # characters of a filter that are looked at
NOT_KEPT = ("below", "after", "format")  # of a query string: a place in the list, not what is looked for


@dataclass(frozen=True)
class Page:
    rows: Sequence[Any]
    following: str  # the query string of the next page; '' on the last

    @property
    def is_last(self) -> bool:
        return not self.following


def chosen(request: HttpRequest, name: str, choices: Sequence[str]) -> str:
    """A filter whose value must be one of a fixed list; anything else counts as not set."""
    value = request.GET.get(name, "")
    return value if value in choices else ""


def written(request: HttpRequest, name: str) -> str:
    """A filter that is typed in."""
    return request.GET.get(name, "").replace("\0", "").strip()[:LONGEST]


def number(request: HttpRequest, name: str) -> int | None:
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def day_start(given: QueryDict, name: str, zone: tzinfo, *, days: int = 0) -> datetime | None:
    """The beginning of a day that is typed in, so many days later."""
    try:
        day = datetime.fromisoformat(given.get(name, "")[:10]) + timedelta(days=days)
        return day.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def chosen_day(text: str) -> tuple[date, str]:
    """The day that is asked about, today where nothing is typed, and what is wrong with it."""
    if not text:
        return today(), ""
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return today(), f"{text[:20]!r} is not a date; write it like 2015-03-10"


def page_of(request: HttpRequest, rows: Sequence[Any], key: str, last: Any, *, size: int = PAGE) -> Page:
    """`rows` were asked for with one more than a page shows, which tells whether another page follows."""
    if len(rows) <= size:
        return Page(rows, "")
    return Page(rows[:size], query(request.GET, **{key: str(last(rows[size - 1]))}))


def query(given: QueryDict, **changes: str) -> str:
    """The present query string with some values replaced; an empty value takes one out."""
    wanted = given.copy()
    for name, value in changes.items():
        if value:
            wanted[name] = value
        else:
            wanted.pop(name, None)
    return wanted.urlencode()


def chips(
    request: HttpRequest, name: str, counts: Mapping[str, int] | None, order: Sequence[str]
) -> list[dict[str, Any]]:
    """One chip a value with how many there are, and one for all; each links to the list so filtered. Without counts
    each value has its chip.
    """
    now = chosen(request, name, order)
    told = [
        {"value": "", "count": None, "on": not now, "query": query(request.GET, **{name: "", "below": ""})}
    ]
    return told + [
        {
            "value": value,
            "count": None if counts is None else counts.get(value, 0),
            "on": value == now,
            "query": query(request.GET, **{name: value, "below": ""}),
        }
        for value in order
        if counts is None or counts.get(value) or value == now
    ]
