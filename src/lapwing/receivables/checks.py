"""What must be so of receivables: the stored sums are what the allocations add up to."""

from collections.abc import Iterator

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from lapwing.core.invariants import invariant
from lapwing.receivables.figures import ZERO
from lapwing.receivables.models import Allocation, OpenItem, Payment, PaymentState


def _allocated(of: str) -> Coalesce:
    parts = Allocation.objects.filter(**{of: OuterRef("pk")}).order_by().values(of)
    return Coalesce(Subquery(parts.annotate(sum=Sum("amount_minor")).values("sum")), ZERO)


@invariant("an invoice's unsettled amount is its total less what was allocated to it")
def unsettled_amounts_add_up() -> Iterator[str]:
    items = OpenItem.objects.annotate(allocated=_allocated("open_item"))
    for item in items.exclude(unsettled_minor=F("total_minor") - F("allocated")).iterator():
        yield (
            f"invoice {item.number}: unsettled {item.unsettled_minor}, expected "
            f"{item.total_minor - item.allocated} (total {item.total_minor} less allocated {item.allocated})"
        )


@invariant(
    "a payment's unallocated amount is its amount less what was allocated of it, and none while not posted"
)
def unallocated_amounts_add_up() -> Iterator[str]:
    payments = Payment.objects.annotate(allocated=_allocated("payment"))
    posted = Q(state=PaymentState.POSTED, unallocated_minor=F("amount_minor") - F("allocated"))
    idle = ~Q(state=PaymentState.POSTED) & Q(unallocated_minor=0, allocated=0)
    for payment in payments.exclude(posted | idle).iterator():
        yield (
            f"payment {payment.reference} ({payment.state}): unallocated {payment.unallocated_minor} of "
            f"{payment.amount_minor}, allocated {payment.allocated}"
        )


@invariant("an allocation joins a payment and an invoice of one account")
def allocations_stay_in_their_account() -> Iterator[str]:
    strays = Allocation.objects.exclude(payment__account=F("open_item__account"))
    for allocation in strays.select_related("payment", "open_item").iterator():
        yield f"payment {allocation.payment.reference} settles invoice {allocation.open_item.number} of another account"


@invariant("no account has both an unsettled invoice and free credit")
def credit_does_not_lie_beside_debt() -> Iterator[str]:
    issued = OpenItem.objects.filter(number=OuterRef("invoice_number"), account=OuterRef("account"))
    credit = Payment.objects.annotate(waits_for=Subquery(issued.values("pk")[:1])).filter(
        Q(invoice_number="") | Q(waits_for__isnull=False), unallocated_minor__gt=0
    )
    indebted = OpenItem.objects.filter(unsettled_minor__gt=0).values("account")
    for payment in credit.filter(account__in=indebted).iterator():
        yield f"payment {payment.reference} has {payment.unallocated_minor} left although its account owes"
