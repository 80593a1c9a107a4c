"""Keys of what any base holds, as `make_base` gives them for its own: for pictures and for the benchmark of screens."""

from collections.abc import Callable
from typing import Any

from lapwing.audit.models import AuditEntry
from lapwing.catalog.models import Provider
from lapwing.exchange.models import FileImport
from lapwing.identity.models import User
from lapwing.jobs.models import Job
from lapwing.messages.models import EmailTemplate
from lapwing.runs.models import Run
from lapwing.subscriptions.models import Subscription, SubscriptionAction


def keys() -> dict[str, Any]:
    """What there is none of is left out."""
    found = {name: look() for name, look in LOOKS.items()}
    owner = Subscription.objects.select_related("account__customer").filter(number=found["subscription"]).first()
    if owner:
        found |= {"account": owner.account.number, "customer": owner.account.customer.number}
    return {name: value for name, value in found.items() if value is not None}


def _subscription() -> str | None:
    """One that a run acted on, or else any."""
    acted = SubscriptionAction.objects.filter(run_id__isnull=False).order_by("-pk").values_list("subscription__number")
    some = acted.first() or Subscription.objects.order_by("pk").values_list("number").first()
    return some[0] if some else None


def _of(rows: Any, field: str = "pk") -> Any:
    return rows.values_list(field, flat=True).first()


LOOKS: dict[str, Callable[[], Any]] = {
    "run": lambda: _of(Run.objects.order_by("-selected", "pk")),
    "held": lambda: _of(Run.objects.filter(state__in=["awaiting_approval", "paused"]).order_by("pk")),
    "code": lambda: _of(Run.objects.order_by("-selected", "pk"), "definition__alternative_code"),
    "job": lambda: _of(Job.objects.filter(status="failed").order_by("-pk")) or _of(Job.objects.order_by("-pk")),
    "subscription": _subscription,
    "provider": lambda: _of(Provider.objects.order_by("pk"), "code"),
    "user": lambda: _of(User.objects.filter(is_active=True).order_by("pk"), "username"),
    "template": lambda: _of(EmailTemplate.objects.order_by("code"), "event"),
    "language": lambda: _of(EmailTemplate.objects.order_by("code"), "language"),
    "entry": lambda: _of(AuditEntry.objects.order_by("-pk")),
    "import": lambda: _of(FileImport.objects.order_by("-pk")),
}
