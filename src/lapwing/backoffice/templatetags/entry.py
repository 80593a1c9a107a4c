"""Where a form tells what is wrong, beside each input."""

from typing import Any

from django import template

from lapwing.backoffice.entry.form import EntryForm

register = template.Library()


@register.inclusion_tag("backoffice/parts/entry_problems.html")
def problems_at(form: EntryForm, path: str) -> dict[str, Any]:
    """The place beside an input; empty where nothing is wrong."""
    return {"key": path.replace(".", "-") or "form", "problems": form.problems.get(path, [])}


@register.inclusion_tag("backoffice/parts/entry_problems.html")
def problems_again(form: EntryForm, path: str) -> dict[str, Any]:
    """The same place, sent while somebody types, to take the place of the one that is there."""
    return {**problems_at(form, path), "again": True}
