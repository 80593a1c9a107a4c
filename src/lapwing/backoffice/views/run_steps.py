"""Approve, pause, resume, cancel, undo, delete a run: first in words with numbers and amounts, then the action."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lapwing.backoffice.offers import RUN_STEPS, run_offers
from lapwing.backoffice.screen import not_permitted, screen
from lapwing.identity.permissions import Permission
from lapwing.runs.actions import steer_run
from lapwing.runs.actions.approve_run import approve_run
from lapwing.runs.actions.halt import find_run
from lapwing.runs.actions.undo_run import undo_run
from lapwing.runs.models import Run
from lapwing.runs.outcomes import counts, done_items, pending_items
from lapwing.runs.queries import amounts_of
from lapwing.runs.seen import run_seen_as

TYPED_FROM = 100  # above so many subjects, the number is typed in before anything happens
# What lets a run act posts what its page showed; what holds it up or takes it back is taken whenever it comes.
ACTIONS: dict[str, Callable[[int, str, str], Any]] = {
    "approve": lambda run_id, reason, seen: approve_run(run_id, seen=seen),
    "resume": lambda run_id, reason, seen: steer_run.resume_run(run_id, seen=seen),
    "pause": lambda run_id, reason, seen: steer_run.pause_run(run_id, reason=reason),
    "cancel": lambda run_id, reason, seen: steer_run.cancel_run(run_id, reason=reason),
    "undo": lambda run_id, reason, seen: undo_run(run_id, reason=reason),
    "delete": lambda run_id, reason, seen: steer_run.delete_run(run_id),
}
GIVES_REASON = {"pause", "cancel", "undo"}
DONE = {
    "approve": gettext_lazy("Run %(run)s approved."),
    "resume": gettext_lazy("Run %(run)s goes on."),
    "pause": gettext_lazy("Run %(run)s paused."),
    "cancel": gettext_lazy("Run %(run)s cancelled."),
    "undo": gettext_lazy("Run %(run)s is being undone."),
    "delete": gettext_lazy("Run %(run)s deleted."),
}


@screen(Permission.VIEW)
def run_step(request: HttpRequest, number: int, step: str) -> HttpResponse:
    """The page asks, a POST does. Who may not take the step is told so; the action asks for itself again."""
    if step not in RUN_STEPS:
        raise Http404
    if RUN_STEPS[step].permission not in request.permissions:
        return not_permitted(request, RUN_STEPS[step].permission)
    run = find_run(number)
    affected = _affected(run, step)
    if request.method != "POST":
        return render(request, "backoffice/run_step.html", _question(request, run, step, affected))
    request.back_to = reverse("run_step", args=[number, step])
    if affected > TYPED_FROM and request.POST.get("typed", "").replace(",", "").strip() != str(affected):
        problem = _("type the number %(number)s to confirm; nothing was changed") % {"number": affected}
        context = {**_question(request, run, step, affected), "problem": problem, "typed": request.POST}
        context["seen"] = request.POST.get("seen", "")  # a wrong number makes no stale page a new one
        return render(request, "backoffice/run_step.html", context)
    done = ACTIONS[step](number, request.POST.get("reason", "")[:1000], request.POST.get("seen", ""))
    messages.success(request, DONE[step] % {"run": number})
    if step == "delete":
        return redirect("runs")
    return redirect("run", done.pk)


def _affected(run: Run, step: str) -> int:
    """How many subjects the step lets happen, or takes back; 0 where it changes none by itself."""
    now = counts(run)
    return {"approve": now["pending"], "resume": now["pending"], "undo": now["done"]}.get(step, 0)


def _question(request: HttpRequest, run: Run, step: str, affected: int) -> dict[str, Any]:
    now = counts(run)
    return {
        "title": _("%(step)s: run %(run)s of %(code)s")
        % {"step": RUN_STEPS[step].label, "run": run.pk, "code": run.definition.alternative_code},
        "run": run,
        "seen": run_seen_as(run),
        "step": RUN_STEPS[step],
        "offered": RUN_STEPS[step] in run_offers(run, request.permissions),
        "counts": now,
        "affected": affected,
        "amounts": amounts_of(_at_stake(run, step)) if now["selected"] else {},
        "must_type": affected > TYPED_FROM,
        "gives_reason": step in GIVES_REASON,
    }


def _at_stake(run: Run, step: str) -> Any:
    """What was done where that is taken back, else what is pending."""
    if step == "undo":
        return done_items(Run.objects.filter(pk=run.pk))
    return pending_items(run)
