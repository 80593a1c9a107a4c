"""payment: announce, post, fail, reverse."""

from datetime import date
from typing import Any

import click

from lapwing.cli.output import format_option, show_one
from lapwing.cli.session import DAY, command


@click.group("payment")
def payment_command() -> None:
    """Payments and their allocation.

    \b
    Example: lapwing payment post A-1001 49.90
    """


def _payment_record(payment: Any) -> dict[str, Any]:
    return {
        "reference": payment.reference,
        "account": payment.account.number,
        "received_on": payment.received_on.isoformat(),
        "amount_minor": payment.amount_minor,
        "unallocated_minor": payment.unallocated_minor,
        "currency": payment.account.currency,
        "state": str(payment.state),
        "settled": [
            {"invoice": invoice, "minor": minor}
            for invoice, minor in payment.allocations.order_by("pk").values_list(
                "open_item__number", "amount_minor"
            )
        ],
    }


@click.argument("number", metavar="ACCOUNT")
@click.argument("amount")
@click.option("--invoice", default="", help="The invoice it names; settled first.")
@click.option("--reference", help="The bank's reference; made up when left out.")
@click.option("--on", "day", type=DAY, help="Day it was received; default today.")
@format_option
def _post(number: str, amount: str, invoice: str, reference: str | None, day: date | None, form: str) -> None:
    """Post a payment: it settles the invoice it names, then the oldest debt; the rest is credit.

    \b
    Example: lapwing payment post A-1001 49.90 --invoice I-1 --reference BANK-77
    """
    import uuid

    from lapwing.receivables.actions.post_payment import post_payment
    from lapwing.receivables.amounts import positive_minor
    from lapwing.receivables.queries import account

    minor = positive_minor(amount, account(number).currency)
    posted = post_payment(
        number,
        minor,
        reference=reference or f"P-{uuid.uuid4().hex[:12].upper()}",
        received_on=day,
        invoice_number=invoice,
    )
    show_one(_payment_record(posted), form)


command(payment_command, "post", help=_post.__doc__)(_post)


@click.argument("number", metavar="ACCOUNT")
@click.argument("amount")
@click.option("--reference", required=True, help="By which it is posted or fails later.")
@click.option("--invoice", default="", help="The invoice it names.")
@format_option
def _announce(number: str, amount: str, reference: str, invoice: str, form: str) -> None:
    """Note money on its way, such as a direct debit: it protects the account, but settles nothing yet.

    \b
    Example: lapwing payment announce A-1001 49.90 --reference DD-77
    """
    from lapwing.receivables.actions.post_payment import announce_payment
    from lapwing.receivables.amounts import positive_minor
    from lapwing.receivables.queries import account

    minor = positive_minor(amount, account(number).currency)
    show_one(
        _payment_record(announce_payment(number, minor, reference=reference, invoice_number=invoice)), form
    )


command(payment_command, "announce", help=_announce.__doc__)(_announce)


@click.argument("reference")
@click.option("--reason", default="", help="Why.")
@format_option
def _fail(reference: str, reason: str, form: str) -> None:
    """An announced payment will not arrive.

    \b
    Example: lapwing payment fail DD-77 --reason "no cover"
    """
    from lapwing.receivables.actions.post_payment import fail_payment

    show_one(_payment_record(fail_payment(reference, reason=reason)), form)


command(payment_command, "fail", help=_fail.__doc__)(_fail)


@click.argument("reference")
@click.option("--reason", default="", help="Why.")
@format_option
def _reverse(reference: str, reason: str, form: str) -> None:
    """Reverse a payment: a returned debit or a charge-back.

    \b
    Example: lapwing payment reverse BANK-77 --reason "returned debit"
    """
    from lapwing.receivables.actions.post_payment import reverse_payment

    show_one(_payment_record(reverse_payment(reference, reason=reason)), form)


command(payment_command, "reverse", help=_reverse.__doc__)(_reverse)
