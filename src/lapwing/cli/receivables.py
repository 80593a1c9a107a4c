"""account, invoice."""

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
        items = [{**item, "currency": record["currency"]} for item in items]
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


def _show_invoice(item: Any, form: str) -> None:
    show_one(_invoice_record(item), form, currency=item.account.currency)


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

    _show_invoice(dispute_invoice(number, reason=reason), form)


command(invoice_command, "dispute", help=_dispute.__doc__)(_dispute)


@click.argument("number", metavar="INVOICE")
@format_option
def _undispute(number: str, form: str) -> None:
    """Take an invoice out of dispute.

    \b
    Example: lapwing invoice undispute I-1
    """
    from lapwing.receivables.actions.dispute_invoice import undispute_invoice

    _show_invoice(undispute_invoice(number), form)


command(invoice_command, "undispute", help=_undispute.__doc__)(_undispute)
