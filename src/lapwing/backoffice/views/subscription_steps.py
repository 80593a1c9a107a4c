"""Actions on one subscription: those that its state allows, now or on a day to come."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from lapwing.backoffice.screen import screen
from lapwing.backoffice.step import answer
from lapwing.backoffice.steps.behaviours import BEHAVIOUR_STEPS
from lapwing.identity.permissions import Permission
from lapwing.subscriptions.queries import subscription


@screen(Permission.CHANGE_SUBSCRIPTIONS)
def subscription_step(request: HttpRequest, behaviour: str) -> HttpResponse:
    """The page asks for what the behaviour needs; a POST performs it."""
    if behaviour not in BEHAVIOUR_STEPS:
        raise Http404
    step = BEHAVIOUR_STEPS[behaviour]
    found = subscription((request.GET.get("number") or request.POST.get("number", ""))[:100])
    back = reverse("subscription", args=[found.number])
    return answer(request, step, found, title=f"{step.label}: {found.number}", back=back)
