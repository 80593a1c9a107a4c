"""Amounts, times, counts and states as the screens write them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from lapwing.backoffice.states import TONES
from lapwing.core.money import to_words
from lapwing.runs.codes import meaning

register = template.Library()
CAP = 10_000
UTC = ZoneInfo("UTC")


@register.filter
def words(value: Any) -> str:
    """not_effective -> not effective"""
    return "" if value is None else str(value).replace("_", " ")


@register.filter
def count(number: int | None) -> str:
    """12345 -> 12,345"""
    return "" if number is None else f"{number:,}"


@register.filter
def capped(number: int | None) -> str:
    """As far as it was counted: 10,000+ beyond."""
    return "" if number is None else f"{CAP:,}+" if number > CAP else f"{number:,}"


@register.filter
def amount(minor: int | None, currency: str | None) -> str:
    """1230 with EUR -> €12.30"""
    return "" if minor is None or not currency else to_words(minor, currency)


@register.filter
def amounts(by_currency: Mapping[str, int] | None) -> str:
    """Each currency by itself; they are never added."""
    return ", ".join(to_words(minor, currency) for currency, minor in sorted((by_currency or {}).items()))


@register.simple_tag(takes_context=True)
def at(context: template.Context, instant: datetime | str | None) -> str | SafeString:
    """An instant in the organisation's zone, which its title names."""
    if not instant:
        return ""
    found = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    own = context.get("organisation")
    local = found.astimezone(own.zone if own else UTC)
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>',
        found.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        local.tzinfo,
        local.strftime("%-d %b %Y %H:%M"),
    )


@register.simple_tag(takes_context=True)
def weekday(context: template.Context, instant: datetime) -> str:
    """The weekday of an instant in the organisation's zone."""
    own = context.get("organisation")
    return date_format(instant.astimezone(own.zone if own else UTC), "l")


@register.filter
def day(value: date | str | None) -> str:
    """2015-03-10 -> 10 Mar 2015"""
    if not value:
        return ""
    return (date.fromisoformat(value) if isinstance(value, str) else value).strftime("%-d %b %Y")


@register.filter
def span(seconds: float | None) -> str:
    """Seconds in the two largest units: 75 -> 1 min 15 s"""
    if seconds is None:
        return ""
    left, told = round(seconds), []
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        if left >= length and len(told) < 2:
            told.append(f"{left // length} {unit}")
            left %= length
    return " ".join(told) or "under 1 s"


@register.filter
def badge(state: str | None) -> str | SafeString:
    """A state in its colour, and in words."""
    if not state:
        return ""
    return format_html('<span class="lw-badge lw-{}">{}</span>', TONES.get(str(state), "calm"), words(state))


@register.filter
def code_meaning(code: str | None) -> str:
    """What a code of a run or an item means."""
    return meaning(code) if code else ""
