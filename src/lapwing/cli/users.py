"""user: add, list, password."""

import sys

import click

from lapwing.cli.output import format_option, show_list
from lapwing.cli.session import command


@click.group("user")
def user_command() -> None:
    """Users and their roles.

    \b
    Example: lapwing user add anna --role approver
    """


@click.argument("name")
@click.option("--role", required=True, help="viewer, operator, approver, billing_manager, …")
def _add(name: str, role: str) -> None:
    """Add a user, or give one a further role.

    \b
    Example: lapwing user add anna --role operator
    """
    from lapwing.identity.actions.add_user import add_user

    add_user(name, role)
    click.echo(f"{name} has the role {role}")


command(user_command, "add", help=_add.__doc__)(_add)


@format_option
def _list(form: str) -> None:
    """All users with their roles.

    \b
    Example: lapwing user list
    """
    from lapwing.identity.models import User

    records = [
        {
            "name": user.username,
            "roles": sorted(user.roles.values_list("role", flat=True)),
            "active": user.is_active,
        }
        for user in User.objects.prefetch_related("roles").order_by("username")
    ]
    show_list(records, form, ["name", "roles", "active"])


command(user_command, "list", help=_list.__doc__)(_list)


@click.argument("name")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read it from the first line of standard input.")
def _password(name: str, from_stdin: bool) -> None:
    """Set the password with which a user signs in to the screens; it is asked for twice.

    \b
    Example: lapwing user password anna
    """
    from lapwing.identity.actions.set_password import set_password

    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True, err=True)
    set_password(name, password)
    click.echo(f"{name} can sign in with it")


command(user_command, "password", help=_password.__doc__)(_password)
