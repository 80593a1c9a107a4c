"""New and Edit of a definition: the form that its kind declares, saved by the actions of the command line."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from lapwing.backoffice.entry.content import as_posted, read_content
from lapwing.backoffice.entry.form import EntryForm
from lapwing.backoffice.screen import screen
from lapwing.core.errors import Invalid, Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import today
from lapwing.runs.actions.apply_definition import Applied
from lapwing.runs.actions.enter_definition import create_definition, edit_definition
from lapwing.runs.definitions import find, latest, seen_as
from lapwing.runs.kinds import RunKind, kinds
from lapwing.runs.models import Definition, Run
from lapwing.runs.specification import parse
from lapwing.runs.states import RunState


@screen(Permission.EDIT_DEFINITIONS)
def new_definition(request: HttpRequest) -> HttpResponse:
    """Which kind, then its form; copied from another definition where one is named."""
    if not (name := request.GET.get("kind", "")):
        context = {"title": _("New run definition"), "kinds": sorted(kinds, key=lambda each: each.label)}
        return render(request, "backoffice/new_definition.html", context)
    kind = kinds.get(name)
    form = EntryForm(kind, request.POST if request.method == "POST" else _blank(request, kind))
    if request.method == "POST" and (saved := _save(form, lambda content: create_definition(content))):
        return _saved(request, saved)
    context = {"title": _("New: %(kind)s") % {"kind": kind.label}, **_shown(form)}
    return render(request, "backoffice/definition_entry.html", context)


def _blank(request: HttpRequest, kind: RunKind) -> QueryDict:
    """The defaults of the kind, or the content of the definition that is copied."""
    if copied := request.GET.get("copy"):
        return as_posted(kind, {}, latest(find(copied)).content)
    empty = parse({}, criteria=kind.Criteria, safety=kind.Safety)
    return as_posted(kind, {}, empty.content())


@screen(Permission.EDIT_DEFINITIONS)
def definition_edit(request: HttpRequest, code: str) -> HttpResponse:
    definition = find(code)
    kind, version = kinds.get(definition.kind), latest(definition)
    head = {"name": definition.name, "alternative_code": definition.alternative_code}
    seen = request.POST.get("seen", "") if request.method == "POST" else seen_as(definition)
    posted = request.POST if request.method == "POST" else as_posted(kind, head, version.content)
    form = EntryForm(kind, posted, code_is_fixed=True)
    if request.method == "POST" and (
        saved := _save(form, lambda content: edit_definition(code, content, seen=seen))
    ):
        return _saved(request, saved)
    context = {
        "title": _("Edit %(code)s: %(name)s")
        % {"code": definition.alternative_code, "name": definition.name},
        **_shown(form),
        "definition": definition,
        "version": version,
        "seen": seen,
        "makes_version": version.version + 1 if version.runs.exists() else None,
        "planned": Run.objects.filter(definition=definition, state=RunState.DRAFT).first(),
    }
    return render(request, "backoffice/definition_entry.html", context)


def _shown(form: EntryForm) -> dict[str, Any]:
    return {"form": form, "kind": form.kind, "schedule": form.schedule(), "today": today()}


def _save(form: EntryForm, action: Any) -> Applied | None:
    """None where the action refused; the form then says why."""
    try:
        return action(read_content(form.kind, form.posted))
    except Invalid as invalid:
        form.tell(invalid.problems)
    except Refused as refusal:
        if refusal.code == "not_permitted":
            raise
        form.tell_refusal(refusal)
    return None


def _saved(request: HttpRequest, saved: Applied) -> HttpResponse:
    messages.success(request, _told(saved.definition, saved))
    return redirect("definition", saved.definition.alternative_code)


def _told(definition: Definition, saved: Applied) -> str:
    names = {"code": definition.alternative_code, "version": saved.version}
    return {
        "created": _("%(code)s is created. Nothing runs until you submit it."),
        "edited": _("%(code)s is changed in place: no run refers to version %(version)s."),
        "new_version": _(
            "%(code)s has a new version %(version)s. A planned run stays on its version until you submit."
        ),
        "renamed": _("%(code)s has a new name."),
        "unchanged": _("%(code)s is as it was."),
    }[saved.changed] % names
