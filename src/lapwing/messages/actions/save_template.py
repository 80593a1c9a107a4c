"""Adds an e-mail template, or changes one."""

import re

from babel import Locale
from babel.core import UnknownLocaleError
from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.messages.compose import language_tag
from lapwing.messages.events import event_named
from lapwing.messages.models import EmailTemplate
from lapwing.messages.template_check import check_parts

FIELDS = ("name", "event", "language", "subject_line", "body_text", "body_html")


@transaction.atomic
def save_template(
    code: str,
    *,
    event: str,
    language: str,
    subject_line: str,
    body_text: str,
    body_html: str = "",
    name: str = "",
) -> EmailTemplate:
    """A new template is not effective; a change of an effective one holds from the next mail on.

    Saving the same again changes nothing. Raises Refused `not_permitted`, `bad_code`, `unknown_mail_event`,
    `unknown_language`, `template_is_of_another_event`; Invalid `bad_template`, which names every wrong part.
    """
    require(Permission.ADMINISTER)
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", code):
        raise Refused("bad_code", f"{code[:40]!a} is no code: letters, digits and . - _ only")
    parts = {"subject_line": subject_line, "body_text": body_text, "body_html": body_html}
    check_parts(event_named(event), code, parts)
    template = EmailTemplate.objects.select_for_update().filter(code=code).first() or EmailTemplate(code=code)
    tag = known_language(language)
    if template.pk and (template.event, template.language) != (event, tag):
        raise Refused(
            "template_is_of_another_event",
            f"e-mail template {code} is for {template.event} in {template.language}, not for {event} in {tag}; "
            "choose another code",
        )
    before = _fields(template) if template.pk else {}
    wanted = {"name": name[:200] or code, "event": event, "language": tag, **parts}
    if wanted == before:
        return template
    for field, value in wanted.items():
        setattr(template, field, value)
    template.save()
    record(
        "email_template.save",
        kind="email_template",
        subject_id=template.pk,
        subject=code,
        before=before,
        after=wanted,
    )
    return template


def known_language(language: str) -> str:
    """The tag as it is kept. Raises Refused `unknown_language`."""
    tag = language_tag(language)
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise Refused(
            "unknown_language", f"{language[:20]!a} is no language; expected a tag like en, de or de-AT"
        ) from None
    return tag


def _fields(template: EmailTemplate) -> dict[str, str]:
    return {field: getattr(template, field) for field in FIELDS}
