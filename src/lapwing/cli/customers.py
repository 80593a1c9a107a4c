"""customer: hold-credit, release-credit, request-agreement."""

import click

from lapwing.cli.session import command


@click.group("customer")
def customer_command() -> None:
    """Customers: credit hold, and agreements with providers.

    \b
    Example: lapwing customer hold-credit C-1001 --reason "unpaid since March"
    """


@click.argument("number", metavar="CUSTOMER")
@click.option("--reason", required=True, help="Why.")
def _hold(number: str, reason: str) -> None:
    """Switch nothing more on for a customer at any provider; switching off goes on.

    \b
    Example: lapwing customer hold-credit C-1001 --reason "unpaid since March"
    """
    from lapwing.customers.actions.set_credit_hold import hold_credit

    hold_credit(number, reason=reason)
    click.echo(f"customer {number} is on credit hold")


command(customer_command, "hold-credit", help=_hold.__doc__)(_hold)


@click.argument("number", metavar="CUSTOMER")
@click.option("--reason", default="", help="Why.")
def _release(number: str, reason: str) -> None:
    """End a credit hold; what waited is asked again within the hour.

    \b
    Example: lapwing customer release-credit C-1001
    """
    from lapwing.customers.actions.set_credit_hold import release_credit

    release_credit(number, reason=reason)
    click.echo(f"customer {number} is not on credit hold")


command(customer_command, "release-credit", help=_release.__doc__)(_release)


@click.argument("number", metavar="CUSTOMER")
@click.argument("provider", metavar="PROVIDER")
@click.argument("identity", metavar="IDENTITY")
@click.option("--partner-email", default="", help="Who is told when it is accepted.")
def _agreement(number: str, provider: str, identity: str, partner_email: str) -> None:
    """Record that the customer was asked to accept a provider's agreement; a job finds out when he has.

    \b
    Example: lapwing customer request-agreement C-1001 acme anna@example.com
    """
    from lapwing.customers.actions.request_agreement import request_agreement

    asked = request_agreement(number, provider, identity, partner_email=partner_email)
    state = f"accepted at {asked.accepted_at.isoformat()}" if asked.accepted_at else "not accepted yet"
    click.echo(f"agreement of {provider} with customer {number}: {state}")


command(customer_command, "request-agreement", help=_agreement.__doc__)(_agreement)
