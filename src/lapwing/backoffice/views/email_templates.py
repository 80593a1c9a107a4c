"""E-mail templates: the list, the editor with its names, versions and live preview, and which one is effective."""

from typing import Any

from csp.decorators import csp, csp_update
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST

from lapwing.backoffice.lists import LONGEST, number
from lapwing.backoffice.screen import screen
from lapwing.backoffice.templatetags.lapwing import words
from lapwing.core.errors import Invalid, Problem, Refused
from lapwing.identity.permissions import Permission
from lapwing.messages.actions.save_template import known_language, save_template
from lapwing.messages.actions.set_template_state import set_template_state
from lapwing.messages.compose import Composed, preview
from lapwing.messages.events import EVENTS, event_named
from lapwing.messages.facts import sent_events
from lapwing.messages.language.limits import MAX_SOURCE
from lapwing.messages.models import EmailTemplate, TemplateState
from lapwing.messages.queries import shipped_template, template_named, templates, tokens, versions_of
from lapwing.messages.template_check import PARTS, check_parts
from lapwing.subscriptions.mail_examples import Example, example_of

SHOWN = 500
VERSIONS = 20
STEPS = {"effective": TemplateState.EFFECTIVE, "not-effective": TemplateState.NOT_EFFECTIVE}
# The mail stands in a frame of its own origin: no script, no request, nothing of ours within reach.
MAIL_POLICY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "sandbox": True,
}


@screen(Permission.ADMINISTER)
def template_list(request: HttpRequest) -> HttpResponse:
    by_event: dict[str, list[EmailTemplate]] = {name: [] for name in EVENTS}
    for each in templates()[:SHOWN]:
        by_event.setdefault(each.event, []).append(each)
    sent = sent_events()
    rows = [(EVENTS[name], name in sent, found) for name, found in by_event.items() if name in EVENTS]
    return render(request, "backoffice/email_templates.html", {"title": _("E-mail templates"), "rows": rows})


@screen(Permission.ADMINISTER)
@csp_update({"frame-src": ["'self'"]})
def template_new(request: HttpRequest) -> HttpResponse:
    """For another language of an event, or beside the one there is; it begins as the English one."""
    event = event_named((request.POST or request.GET).get("event", "")[:LONGEST])
    begun = templates(event.name).filter(language="en").first() or shipped_template(event.name, "en")
    template = EmailTemplate(event=event.name, language="", code="", name="")
    for part in PARTS:
        setattr(template, part, getattr(begun, part, ""))
    if request.method == "POST":
        return _saved(request, template, code=_typed(request, "code"), language=_typed(request, "language"))
    return _editor(request, template, {})


@screen(Permission.ADMINISTER)
@csp_update({"frame-src": ["'self'"]})
def template_editor(request: HttpRequest, code: str) -> HttpResponse:
    """`version` puts the text of a former save, or the shipped one, into the editor; saving brings it back."""
    template = template_named(code)
    if request.method == "POST":
        return _saved(request, template, code=code, language=template.language)
    return _editor(request, template, {}, loaded=_load(request, template))


def _typed(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").strip()[:LONGEST]


def _load(request: HttpRequest, template: EmailTemplate) -> str:
    """Fills the template with the version asked for; returns what it is, in words."""
    if request.GET.get("version") == "shipped":
        found = shipped_template(template.event, template.language)
        if found is None:
            return ""
        for part in PARTS:
            setattr(template, part, getattr(found, part))
        return _("the text that ships with Lapwing")
    entry = versions_of(template).filter(pk=number(request, "version") or 0).first()
    if entry is None:
        return ""
    for part in PARTS:
        setattr(template, part, str(entry.after.get(part, "")))
    return _("the version that %(name)s saved (audit entry %(number)d)") % {
        "name": entry.actor,
        "number": entry.pk,
    }


def _saved(request: HttpRequest, template: EmailTemplate, *, code: str, language: str) -> HttpResponse:
    """Saves, or tells beside each field what is wrong and keeps what was typed."""
    _fill(request, template)
    template.code, template.language = code, language
    template.name = _typed(request, "name")
    try:
        if not template.pk and templates().filter(code=code).exists():
            taken = Problem("code", _("there is a template of this code"), "code_in_use")
            raise Invalid("code_in_use", code, [taken])
        saved = save_template(
            code,
            event=template.event,
            language=language,
            name=template.name,
            **{part: getattr(template, part) for part in PARTS},
        )
    except Invalid as refusal:
        return _editor(request, template, {problem.field: problem.message for problem in refusal.problems})
    except Refused as refusal:
        field = {"bad_code": "code", "unknown_language": "language"}.get(refusal.code, "subject_line")
        return _editor(request, template, {field: refusal.message})
    messages.success(request, _("Template %(code)s is saved.") % {"code": saved.code})
    return redirect("email_template", saved.code)


def _fill(request: HttpRequest, template: EmailTemplate) -> EmailTemplate:
    """What was typed; a browser ends lines with CRLF, which a template does not."""
    for part in PARTS:
        text = request.POST.get(part, "")[: MAX_SOURCE + 1].replace("\r\n", "\n")
        setattr(template, part, text)
    return template


def _editor(
    request: HttpRequest, template: EmailTemplate, problems: dict[str, str], *, loaded: str = ""
) -> HttpResponse:
    event = event_named(template.event)
    context = {
        "title": _("Template %(code)s") % {"code": template.code}
        if template.pk
        else _("New template: %(event)s") % {"event": event.label},
        "template": template,
        "event": event,
        "is_sent": event.name in sent_events(),
        "names": list(tokens(template.event)),
        "problems": problems,
        "loaded": loaded,
        "subject": (request.POST or request.GET).get("subject", "")[:LONGEST],
        "versions": list(versions_of(template)[:VERSIONS]) if template.pk else [],
        "ships": shipped_template(template.event, template.language) is not None,
    }
    return render(request, "backoffice/email_template.html", context)


@screen(Permission.ADMINISTER)
@require_POST
def template_step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """Effective takes the place of the one that was; not effective leaves the event without, in this language."""
    if step not in STEPS:
        raise Http404
    request.back_to = reverse("email_template", args=[code])
    set_template_state(code, STEPS[step])
    messages.success(request, f"{code}: {words(STEPS[step].label.lower())}")
    return redirect("email_template", code)


@screen(Permission.ADMINISTER)
@require_POST
def template_preview(request: HttpRequest, event: str) -> HttpResponse:
    """What was typed so far, filled with a customer's data: subject and text."""
    context: dict[str, Any] = {"problems": []}
    try:
        found, example = _composed(request, event)
        context |= {"found": found, "example": example}
    except Invalid as refusal:
        context["problems"] = [f"{problem.field}: {problem.message}" for problem in refusal.problems]
    except Refused as refusal:
        context["problems"] = [refusal.message]
    return render(request, "backoffice/parts/mail_preview.html", context)


@screen(Permission.ADMINISTER)
@require_POST
@xframe_options_sameorigin
@csp(MAIL_POLICY)
def template_preview_html(request: HttpRequest, event: str) -> HttpResponse:
    """The same as HTML, for the frame."""
    try:
        html = _composed(request, event)[0].html
    except Refused:
        html = ""
    page = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mail</title><body>'
    return HttpResponse(f"{page}{html}</body></html>")


def _composed(request: HttpRequest, event: str) -> tuple[Composed, Example]:
    """Raises Invalid `bad_template`; Refused `unknown_mail_event`, `unknown_subject`, TemplateError."""
    known = event_named(event)
    template = _fill(request, EmailTemplate(event=event, code=event))
    check_parts(known, event, {part: getattr(template, part) for part in PARTS})
    example = example_of(known, _typed(request, "subject"))
    template.language = known_language(_typed(request, "language") or example.language or "en")
    return preview(template, example.data), example
