"""Any two versions of a definition side by side, with what differs marked."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from lapwing.backoffice.entry.reading import said
from lapwing.backoffice.lists import number
from lapwing.backoffice.screen import screen
from lapwing.identity.permissions import Permission
from lapwing.runs.definitions import find, flat, latest, version
from lapwing.runs.kinds import kinds
from lapwing.runs.models import DefinitionVersion


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
    kind = kinds.get(left.definition.kind)
    one, other = said(kind, left.content), said(kind, right.content)
    sections: dict[str, list[dict[str, Any]]] = {}
    for path in said(kind, {**flat(right.content), **flat(left.content)}):
        before, after = one.get(path), other.get(path)
        place = before or after
        assert place is not None  # it is of one of them
        row = {
            "label": place.label,
            "before": before.value if before else "",
            "after": after.value if after else "",
            "differs": before != after,
        }
        sections.setdefault(place.section, []).append(row)
    return list(sections.items())
