"""Makes an e-mail template effective, or takes it out of use."""

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.messages.events import event_named
from lapwing.messages.models import EmailTemplate, TemplateState
from lapwing.messages.queries import template_named
from lapwing.messages.template_check import PARTS, check_parts


@transaction.atomic
def set_template_state(code: str, state: str) -> EmailTemplate:
    """Effective takes the place of the one that was effective for the event in that language.

    Raises Refused `not_permitted`, `unknown_template_state`, `unknown_email_template`; Invalid `bad_template` where
    what the event declares no longer suits the template.
    """
    require(Permission.ADMINISTER)
    if state not in TemplateState.values:
        raise Refused(
            "unknown_template_state", f"a template is {', '.join(TemplateState.values)}, not {state!a}"
        )
    asked = template_named(code)
    rivals = EmailTemplate.objects.filter(event=asked.event, language=asked.language)
    template = {each.code: each for each in rivals.select_for_update().order_by("pk")}[code]
    if template.life_cycle_state == state:
        return template
    if state == TemplateState.EFFECTIVE:
        check_parts(event_named(template.event), code, {part: getattr(template, part) for part in PARTS})
        for rival in rivals.filter(life_cycle_state=TemplateState.EFFECTIVE):
            _write(rival, TemplateState.NOT_EFFECTIVE)
    return _write(template, TemplateState(state))


def _write(template: EmailTemplate, state: TemplateState) -> EmailTemplate:
    before, template.life_cycle_state = template.life_cycle_state, state
    template.save(update_fields=["life_cycle_state"])
    record(
        "email_template.state",
        kind="email_template",
        subject_id=template.pk,
        subject=template.code,
        before={"state": str(before)},
        after={"state": str(state)},
    )
    return template
