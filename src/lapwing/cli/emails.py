"""email: templates, preview, list, show."""

import click

from lapwing.cli.output import format_option, show_list, show_one
from lapwing.cli.session import command


@click.group("email")
def email_command() -> None:
    """E-mail templates, and what was mailed.

    \b
    Example: lapwing email preview deactivated.en
    """


@format_option
def _templates(form: str) -> None:
    """All templates; one is effective for each event and language.

    \b
    Example: lapwing email templates
    """
    from lapwing.messages.queries import templates

    records = [
        {
            "template": each.code,
            "event": each.event,
            "language": each.language,
            "state": str(each.life_cycle_state),
            "subject": each.subject_line,
        }
        for each in templates()
    ]
    show_list(records, form, ["template", "event", "language", "state", "subject"])


command(email_command, "templates", help=_templates.__doc__)(_templates)


@click.argument("template")
def _preview(template: str) -> None:
    """What a template says of the sample of its event.

    \b
    Example: lapwing email preview deactivated.en
    """
    from lapwing.messages.compose import preview
    from lapwing.messages.queries import template_named

    found = preview(template_named(template))
    click.echo(f"Subject: {found.subject}\n\n{found.text}")


command(email_command, "preview", help=_preview.__doc__)(_preview)


@click.option("--limit", type=click.IntRange(1), help="At most so many; default all.")
@format_option
def _list(limit: int | None, form: str) -> None:
    """Mails, newest first.

    \b
    Example: lapwing email list --limit 20
    """
    from lapwing.messages.models import Email

    records = [
        {
            "email": each.pk,
            "event": each.event,
            "recipient": each.recipient,
            "subject": each.subject_line,
            "status": str(each.status),
            "sent_at": each.sent_at.isoformat() if each.sent_at else None,
        }
        for each in Email.objects.order_by("-pk")[:limit]
    ]
    show_list(records, form, ["email", "event", "recipient", "subject", "status", "sent_at"])


command(email_command, "list", help=_list.__doc__)(_list)


@click.argument("email", type=int)
@format_option
def _show(email: int, form: str) -> None:
    """The copy of one mail, as it was sent.

    \b
    Example: lapwing email show 17
    """
    from lapwing.core.errors import Refused
    from lapwing.messages.models import Email

    found = Email.objects.filter(pk=email).first()
    if found is None:
        raise Refused(
            "unknown_email", f"there is no e-mail {email}; `lapwing email list` shows those there are"
        )
    show_one(
        {
            "email": found.pk,
            "event": found.event,
            "status": str(found.status),
            "recipient": found.recipient,
            "subject": found.subject_line,
            "message_id": found.message_id,
            "sent_at": found.sent_at.isoformat() if found.sent_at else None,
            "answer": found.smtp_answer or found.result_code,
            "text": found.body_text,
        },
        form,
    )


command(email_command, "show", help=_show.__doc__)(_show)
