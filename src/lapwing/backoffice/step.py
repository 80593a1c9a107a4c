"""One thing that a person may do to one record: asked in words first, then carried out by an action.

A step holds no rule. Its form only reads what was typed; what the action refuses is said beside the field that
`beside` names for the refusal's code, and what was typed is kept. What replaces or ends something says what it is,
and sends its mark along.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from lapwing.backoffice.screen import not_permitted
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission

LONGEST_REASON = 1000


class StepForm(forms.Form):
    """What a step asks for; `subject` is the record it is about. Whoever needs nothing uses it as it is."""

    def __init__(self, *args: Any, subject: Any, **kwargs: Any) -> None:
        self.subject = subject
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Choices and proposals that follow from the subject."""


def always(subject: Any) -> bool:
    return True


@dataclass(frozen=True)
class Step:
    """`act` carries it out and returns what is told afterwards; `question` says in words what would happen."""

    name: str
    label: str
    permission: Permission
    question: Callable[[Any], str]
    act: Callable[..., str]  # of the subject, with the form's fields by name
    form: type[StepForm] = StepForm
    possible: Callable[[Any], bool] = always
    beside: Mapping[str, str] = field(default_factory=dict)  # code of a refusal -> field
    tone: str = "plain"
    replaces: Callable[[Any], str] | None = None  # what is there and goes, in words; '' for nothing
    seen_as: Callable[[Any], str] | None = None  # mark of what the page says is there, `seen` of `act`


def offers(steps: Mapping[str, Step], subject: Any, permissions: set[Permission]) -> list[Step]:
    """What the state of the subject allows, of what the user's roles allow."""
    return [step for step in steps.values() if step.permission in permissions and step.possible(subject)]


def answer(request: HttpRequest, step: Step, subject: Any, *, title: str, back: str) -> HttpResponse:
    """The page asks, a POST does; who may not take the step is told so. The action asks for itself again."""
    if step.permission not in request.permissions:
        return not_permitted(request, step.permission)
    form = step.form(request.POST if request.method == "POST" else None, subject=subject)
    if request.method == "POST" and (told := _carried_out(request, step, subject, form)):
        messages.success(request, told)
        return redirect(back)
    context = {
        "title": title,
        "step": step,
        "form": form,
        "question": step.question(subject),
        "replaces": step.replaces(subject) if step.replaces else "",
        "seen": step.seen_as(subject) if step.seen_as else None,
        "offered": step.possible(subject),
        "back": back,
    }
    return render(request, "backoffice/step.html", context)


def _carried_out(request: HttpRequest, step: Step, subject: Any, form: StepForm) -> str:
    """What is told of it; '' where nothing was done. The form then says why, and the subject is what it is now."""
    seen = request.POST.get("seen", "")
    shown = {"seen": seen} if step.seen_as else {}
    if not form.is_valid():
        if step.seen_as and seen != step.seen_as(subject):
            form.add_error(None, _("What this page showed was changed meanwhile; it says what is there now."))
        return ""
    try:
        return step.act(subject, **shown, **form.cleaned_data)
    except Refused as refused:
        place = step.beside.get(refused.code)
        if place in form.fields:
            form.add_error(place, refused.message)
        else:
            form.add_error(None, str(refused))
        subject.refresh_from_db()
        return ""
