"""account, invoice, payment."""

from datetime import date
from typing import Any

import click

from lapwing.cli.output import console, format_option, show_fields, show_list, show_one
from lapwing.cli.session import DAY, command


@click.group("account")
def account_command() -> None:
    """Accounts receivable.

    \b
    Example: lapwing account show A-1001
    """


@click.group("invoice")
def invoice_command() -> None:
    """Invoices as open items.

    \b
    Example: lapwing invoice dispute I-1 --reason "wrong tariff"
    """


@click.group("payment")
def payment_command() -> None:
    """Payments and their allocation.

    \b
    Example: lapwing payment post A-1001 49.90
    """


@click.argument("number", metavar="ACCOUNT")
@format_option
def _show(number: str, form: str) -> None:
    """Figures, holds and unsettled invoices of an account.

    \b
    Example: lapwing account show A-1001
    """
    from lapwing.receivables.queries import account

    record = _record(account(number))
    items = record["open_items"]
    if form != "table":
        show_one(record, form)
        return
    show_fields({name: value for name, value in record.items() if name != "open_items"})
    if items:
        console().print()
        show_list(
            items, form, ["invoice", "issued_on", "due_on", "total_minor", "unsettled_minor", "disputed"]
        )


command(account_command, "show", help=_show.__doc__)(_show)


def _record(account: Any) -> dict[str, Any]:
    from lapwing.identity.queries import today
    from lapwing.receivables.queries import balance_minor, disputed_minor, outstanding_minor

    return {
        "account": account.number,
        "customer": account.customer.number,
        "name": account.customer.name,
        "currency": account.currency,
        "state": account.life_cycle_state,
        "classification": account.classification.code if account.classification else None,
        "credit_rating": account.credit_rating.code if account.credit_rating else None,
        "balance_minor": balance_minor(account),
        "outstanding_minor": outstanding_minor(account, today()),
        "disputed_minor": disputed_minor(account),
        "on_hold_until": account.on_hold_until.isoformat() if account.on_hold_until else None,
        "hold_reason": account.hold_reason or None,
        "promise_until": account.promise_until.isoformat() if account.promise_until else None,
        "promise_minor": account.promise_minor,
        "subscriptions": list(account.subscriptions.order_by("number").values_list("number", flat=True)),
        "open_items": [
            {
                "invoice": item.number,
                "issued_on": item.issued_on.isoformat(),
                "due_on": item.due_on.isoformat(),
                "total_minor": item.total_minor,
                "unsettled_minor": item.unsettled_minor,
                "disputed": item.disputed,
            }
            for item in account.open_items.filter(unsettled_minor__gt=0).order_by("due_on", "number")
        ],
    }


@click.argument("number", metavar="ACCOUNT")
@click.option("--until", type=DAY, required=True, help="Last day of the hold.")
@click.option("--reason", required=True, help="Why.")
@format_option
def _hold(number: str, until: date, reason: str, form: str) -> None:
    """Put an account on hold: no run disconnects it until the day has passed.

    \b
    Example: lapwing account hold A-1001 --until 2015-03-31 --reason "in talks"
    """
    from lapwing.receivables.actions.hold_account import hold_account

    show_one(_record(hold_account(number, until=until, reason=reason)), form)


command(account_command, "hold", help=_hold.__doc__)(_hold)


@click.argument("number", metavar="ACCOUNT")
@format_option
def _release(number: str, form: str) -> None:
    """End an account's hold.

    \b
    Example: lapwing account release A-1001
    """
    from lapwing.receivables.actions.release_account import release_account

    show_one(_record(release_account(number)), form)


command(account_command, "release", help=_release.__doc__)(_release)


@click.argument("number", metavar="ACCOUNT")
@click.option("--until", type=DAY, required=True, help="Day until which payment is promised.")
@click.option("--amount", required=True, help="What is promised, like 49.90.")
@format_option
def _promise(number: str, until: date, amount: str, form: str) -> None:
    """Note a promise to pay: no run disconnects the account until that day has passed.

    \b
    Example: lapwing account promise A-1001 --until 2015-03-20 --amount 49.90
    """
    from lapwing.receivables.actions.promise_payment import promise_payment

    show_one(_record(promise_payment(number, until=until, amount=amount)), form)


command(account_command, "promise", help=_promise.__doc__)(_promise)


@click.argument("number", metavar="ACCOUNT")
@click.option("--on", "day", type=DAY, help="Day it was sent; default today.")
@click.option("--level", type=click.IntRange(1, 9), default=1, help="First, second, third …")
@format_option
def _remind(number: str, day: date | None, level: int, form: str) -> None:
    """Note that the customer was reminded of the account's debt.

    \b
    Example: lapwing account remind A-1001 --level 2
    """
    from lapwing.identity.queries import today
    from lapwing.receivables.actions.record_reminder import record_reminder

    show_one(_record(record_reminder(number, sent_on=day or today(), level=level).account), form)


command(account_command, "remind", help=_remind.__doc__)(_remind)


@click.argument("number", metavar="ACCOUNT")
@click.argument("state", type=click.Choice(["active", "suspended", "terminated"]))
@click.option("--reason", default="", help="Why.")
@format_option
def _state(number: str, state: str, reason: str, form: str) -> None:
    """Suspend, terminate or reactivate an account; runs touch active ones only.

    \b
    Example: lapwing account state A-1001 suspended --reason fraud
    """
    from lapwing.receivables.actions.set_account_state import set_account_state

    show_one(_record(set_account_state(number, state, reason=reason)), form)


command(account_command, "state", help=_state.__doc__)(_state)


def _invoice_record(item: Any) -> dict[str, Any]:
    return {
        "invoice": item.number,
        "account": item.account.number,
        "due_on": item.due_on.isoformat(),
        "total_minor": item.total_minor,
        "unsettled_minor": item.unsettled_minor,
        "disputed": item.disputed,
        "reason": item.dispute_reason or None,
    }


@click.argument("number", metavar="INVOICE")
@click.option("--reason", required=True, help="What the customer says.")
@format_option
def _dispute(number: str, reason: str, form: str) -> None:
    """Put an invoice into dispute: it counts in the figures, but disconnects nobody.

    \b
    Example: lapwing invoice dispute I-1 --reason "wrong tariff"
    """
    from lapwing.receivables.actions.dispute_invoice import dispute_invoice

    show_one(_invoice_record(dispute_invoice(number, reason=reason)), form)


command(invoice_command, "dispute", help=_dispute.__doc__)(_dispute)


@click.argument("number", metavar="INVOICE")
@format_option
def _undispute(number: str, form: str) -> None:
    """Take an invoice out of dispute.

    \b
    Example: lapwing invoice undispute I-1
    """
    from lapwing.receivables.actions.dispute_invoice import undispute_invoice

    show_one(_invoice_record(undispute_invoice(number)), form)


command(invoice_command, "undispute", help=_undispute.__doc__)(_undispute)


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
