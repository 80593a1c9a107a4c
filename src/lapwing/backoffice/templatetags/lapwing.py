"""Amounts, times, counts and states as the screens write them."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from babel.numbers import format_decimal, get_decimal_symbol
from django import template
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, pgettext, to_locale

from lapwing.backoffice.exports import FORMATS
from lapwing.backoffice.lists import NOT_KEPT, query
from lapwing.backoffice.states import TONES
from lapwing.core.money import minor_digits, to_words
from lapwing.jobs.types import job_types
from lapwing.runs.codes import meaning

register = template.Library()
CAP = 10_000


@register.filter
def words(value: Any) -> str:
    """not_effective -> not effective, in the user's language where the catalogue knows it."""
    written = "" if value is None else str(value).replace("_", " ")
    return gettext(written) if written else ""


@register.filter
def translated(text: Any) -> str:
    """A label that the domain writes in English, in the user's language where the catalogue knows it."""
    return gettext(str(text)) if text else ""


@register.filter
def count(number: int | None) -> str:
    """12345 -> 12,345"""
    return "" if number is None else format_decimal(number, locale=locale())


@register.filter
def capped(number: int | None) -> str:
    """As far as it was counted: 10,000+ beyond."""
    return "" if number is None else f"{count(CAP)}+" if number > CAP else count(number)


@register.filter
def amount(minor: int | None, currency: str | None) -> str:
    """1230 with EUR -> €12.30"""
    return "" if minor is None or not currency else to_words(minor, currency, locale())


@register.filter
def amounts(by_currency: Mapping[str, int] | None) -> str:
    """Each currency by itself; they are never added."""
    found = sorted((by_currency or {}).items())
    return ", ".join(to_words(minor, currency, locale()) for currency, minor in found)


def whole_amount(minor: int, currency: str) -> str:
    """As on the axis of a chart, without decimals where there are none: 120000 with EUR -> €1,200"""
    written = to_words(minor, currency, locale())
    digits = minor_digits(currency)
    if not digits or minor % 10**digits:
        return written
    point = re.escape(get_decimal_symbol(locale()))  # the other sign stands between thousands
    return re.sub(rf"{point}0{{{digits}}}(?!\d)", "", written)


def locale() -> str:
    """The language of the screen, as babel names it."""
    return to_locale(get_language() or "en")


@register.simple_tag
def at(instant: datetime | str | None) -> str | SafeString:
    """An instant in the user's zone, which its title names."""
    if not instant:
        return ""
    found = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    local = timezone.localtime(found)
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>',
        found.isoformat(),
        local.strftime("%Y-%m-%d %H:%M:%S"),
        local.tzinfo,
        moment(found),
    )


@register.simple_tag
def weekday(instant: datetime) -> str:
    """The weekday of an instant in the user's zone."""
    return date_format(timezone.localtime(instant), "l")


@register.filter
def moment(instant: datetime) -> str:
    """An instant in the user's zone as mere text, as a picture needs it."""
    return dateformat.format(timezone.localtime(instant), f"{day_pattern()} H:i")


@register.filter
def day(value: date | str | None) -> str:
    """2015-03-10 -> 10 Mar 2015"""
    if not value:
        return ""
    found = date.fromisoformat(value) if isinstance(value, str) else value
    return dateformat.format(found, day_pattern())


@register.filter
def with_days(text: Any) -> str:
    """A text of the domain, with its ISO dates as this user reads days: until 2015-03-10 -> until 10 Mar 2015"""
    return re.sub(r"\b\d{4}-\d{2}-\d{2}\b", lambda found: _day_or_text(found.group()), str(text))


def _day_or_text(text: str) -> str:
    try:
        return day(text)
    except ValueError:
        return text


def day_pattern() -> str:
    """How a day is written, in the letters of Django's dateformat."""
    # Translators: a day as 10 Mar 2015, in the letters of Django's date format
    return pgettext("day", "j M Y")


@register.filter
def span(seconds: float | None) -> str:
    """Seconds in the two largest units: 75 -> 1 min 15 s"""
    if seconds is None:
        return ""
    left, told = round(seconds), []
    units = ((pgettext("days", "d"), 86_400), ("h", 3600), ("min", 60), ("s", 1))
    for unit, length in units:
        if left >= length and len(told) < 2:
            told.append(f"{left // length} {unit}")
            left %= length
    return " ".join(told) or gettext("under 1 s")


@register.filter
def badge(state: str | None) -> str | SafeString:
    """A state in its colour, and in words."""
    if not state:
        return ""
    return format_html('<span class="lw-badge lw-{}">{}</span>', TONES.get(str(state), "calm"), words(state))


@register.filter
def job_label(name: str) -> str:
    """What a type of job is called; its bare name where it is installed no longer."""
    return next((translated(each.label or name) for each in job_types if each.name == name), words(name))


@register.filter
def code_meaning(code: str | None) -> str:
    """What a code of a run or an item means."""
    return translated(meaning(code)) if code else ""


@register.simple_tag(takes_context=True)
def saved_filters(context: template.Context, list_name: str) -> dict[str, Any]:
    """The user's filters of a list, its address, and the filter that is set now, as a query string."""
    request = context["request"]
    return {
        "filters": list(request.user.saved_filters.filter(list=list_name).order_by("name")),
        "path": reverse(list_name),
        "query": query(request.GET, **dict.fromkeys(NOT_KEPT, "")),
    }


@register.simple_tag(takes_context=True)
def file_links(context: template.Context) -> list[tuple[str, str]]:
    """This list as a file, with the filters that are set now: format and query string."""
    given = context["request"].GET
    return [(form.upper(), query(given, below="", after="", format=form)) for form in FORMATS]


@register.filter
def tone(state: str) -> str:
    return TONES.get(str(state), "calm")


@register.simple_tag
def took(begin: datetime, end: datetime) -> str:
    """How long it was from one instant to another."""
    return span((end - begin).total_seconds())


@register.simple_tag
def worker_name(names: Mapping[str, str], token: str) -> str:
    """Host and process of a worker, as long as it is remembered."""
    return names.get(token, "")
