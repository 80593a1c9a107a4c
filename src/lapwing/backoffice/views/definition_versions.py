"""Any two versions of a definition side by side, with what differs marked."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.lists import number
from lapwing.backoffice.screen import screen
from lapwing.identity.permissions import Permission
from lapwing.runs.definitions import find, flat, latest, version
from lapwing.runs.models import DefinitionVersion

EMPTY = (None, [], {}, "", False)


@screen(Permission.VIEW)
def definition_versions(request: HttpRequest, code: str) -> HttpResponse:
    """The latest two where none are named."""
    definition = find(code)
    newest = latest(definition)
    right = version(definition, number(request, "right") or newest.version)
    left = version(definition, number(request, "left") or max(right.version - 1, 1))
    rows = side_by_side(left, right)
    context = {
        "title": _("Versions of %(code)s: %(name)s")
        % {"code": definition.alternative_code, "name": definition.name},
        "definition": definition,
        "versions": definition.versions.order_by("-version"),
        "left": left,
        "right": right,
        "sections": rows,
        "differing": sum(row["differs"] for _section, fields in rows for row in fields),
    }
    return render(request, "backoffice/definition_versions.html", context)


def side_by_side(left: DefinitionVersion, right: DefinitionVersion) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rows by section; what is empty in both is left out."""
    one, other = flat(left.content), flat(right.content)
    sections: dict[str, list[dict[str, Any]]] = {}
    for path in [*one, *(path for path in other if path not in one)]:
        before, after = one.get(path), other.get(path)
        if before in EMPTY and after in EMPTY:
            continue
        section, _dot, field = path.partition(".")
        row = {
            "label": (field or section).replace(".", ": ").replace("_", " "),
            "before": told(before),
            "after": told(after),
            "differs": before != after,
        }
        sections.setdefault(section if field else _("main"), []).append(row)
    return list(sections.items())


def told(value: Any) -> str:
    """A value of a definition in words; '' for what is empty."""
    if value is True:
        return _("yes")
    if value in EMPTY:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
