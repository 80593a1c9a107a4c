"""What is asked while somebody writes a definition: what is wrong, what it would do, why one is in, which codes."""

from contextlib import nullcontext
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from lapwing.backoffice.entry.content import read_content
from lapwing.backoffice.entry.form import EntryForm, entries_of
from lapwing.backoffice.lists import chosen_day, written
from lapwing.backoffice.long_answers import place
from lapwing.backoffice.screen import screen
from lapwing.core.errors import Invalid, Refused
from lapwing.core.sql import TookTooLong, answered_within
from lapwing.identity.permissions import Permission
from lapwing.runs.definitions import find
from lapwing.runs.drafts import NO_ONE_YET, assignment_of_draft, next_times_of, problems_of_draft
from lapwing.runs.kinds import RunKind, kinds
from lapwing.runs.preview import preview_of

CAP = 10_000  # subjects that are looked at while somebody types
PATIENCE_S, PATIENCE_TO_THE_END_S = 2.0, 60.0
SHOWN = 50


@screen(Permission.EDIT_DEFINITIONS)
@require_POST
def draft_live(request: HttpRequest, kind_name: str) -> HttpResponse:
    """Writes nothing. What was not typed yet is not told as wrong before one saves."""
    kind = kinds.get(kind_name)
    content = read_content(kind, request.POST)
    form = EntryForm(kind, request.POST)
    form.tell(problem for problem in _problems(request, content) if problem.code != "missing")
    context = {
        "form": form,
        "kind": kind,
        "rule": content["schedule"].get("rule", ""),
        "next_times": next_times_of(content["schedule"]),
        "method": content["schedule"]["method"],
        **_preview(request, kind, content),
    }
    return render(request, "backoffice/definition_draft.html", context)


def _problems(request: HttpRequest, content: dict[str, Any]) -> list:
    code = request.POST.get("definition", "")
    return problems_of_draft({**content, "alternative_code": code} if code else content)


def _preview(request: HttpRequest, kind: RunKind, content: dict[str, Any]) -> dict[str, Any]:
    day, problem = chosen_day(request.POST.get("draft_date", ""))
    to_the_end = "to_the_end" in request.POST
    context: dict[str, Any] = {"day": day, "problem": problem, "cap": CAP, "patience_s": PATIENCE_S}
    if problem:
        return context
    try:
        assignment = assignment_of_draft(kind, content, day)
        patience_s = PATIENCE_TO_THE_END_S if to_the_end else PATIENCE_S
        with place() if to_the_end else nullcontext(), answered_within(patience_s):
            found = preview_of(kind, assignment, _limits_of(request), at_most=None if to_the_end else CAP)
    except Invalid:
        return {**context, "unclear": True}
    except Refused as refusal:
        return {**context, "problem": refusal.message}
    except TookTooLong:
        return {**context, "too_long": True}
    except LookupError as error:
        return {**context, "problem": str(error)}
    return {**context, "found": found}


def _limits_of(request: HttpRequest) -> int:
    """The definition whose runs of the last 24 hours count towards the safety brake."""
    code = request.POST.get("definition", "")
    return find(code).pk if code else NO_ONE_YET


@screen(Permission.EDIT_DEFINITIONS)
@require_POST
def draft_explain(request: HttpRequest, kind_name: str) -> HttpResponse:
    kind = kinds.get(kind_name)
    subject = request.POST.get("draft_subject", "").replace("\0", "").strip()[:100]
    day, problem = chosen_day(request.POST.get("draft_date", ""))
    context: dict[str, Any] = {"day": day, "problem": problem, "subject": subject}
    if subject and not problem:
        try:
            assignment = assignment_of_draft(kind, read_content(kind, request.POST), day)
            context["found"] = kind.explain(assignment, subject)
        except Invalid:
            context["problem"] = _("What it selects cannot be read yet; see what is wrong beside the fields.")
        except Refused as refusal:
            context["problem"] = refusal.message
    return render(request, "backoffice/explanation.html", context)


@screen(Permission.VIEW)
def draft_choices(request: HttpRequest, kind_name: str) -> HttpResponse:
    """The entries of an input's catalogue whose code or name has the typed text in it."""
    kind = kinds.get(kind_name)
    text, path = written(request, "q"), written(request, "input")
    entries = entries_of(kind, path).order_by("life_cycle_state", "code")
    if text:
        entries = entries.filter(code__icontains=text) | entries.filter(name__icontains=text)
    found = list(entries[: SHOWN + 1])
    context = {"found": found[:SHOWN], "more": len(found) > SHOWN, "text": text, "shown": SHOWN}
    return render(request, "backoffice/draft_choices.html", context)
