"""Makes the subject, the text and the HTML of a mail out of its event's template in the recipient's language."""

from dataclasses import dataclass

from lapwing.core.errors import Refused
from lapwing.identity.queries import organisation
from lapwing.messages.events import Data, event_named
from lapwing.messages.language import HTML, SUBJECT, TEXT, Mode, TemplateError, parse, render
from lapwing.messages.models import EmailTemplate, TemplateState
from lapwing.messages.tokens import require_tokens, sample_of

FALLBACK = "en"


@dataclass(frozen=True)
class Composed:
    """`html` is empty where the template has none. `language` is the template's, which may be the fallback."""

    template: str
    language: str
    subject: str
    text: str
    html: str


def compose(event: str, recipient: str, language: str, data: Data) -> Composed:
    """What this recipient would be sent. `data` holds plain values under the names that the event declares.

    Money and dates are written as the recipient's country writes them where the template is in his language.
    Raises Refused `unknown_mail_event`, `no_template`; Invalid `mail_data_incomplete`; TemplateError.
    """
    known = event_named(event)
    require_tokens(known, data)
    template = template_for(event, language)
    own = {"organisation": {"name": organisation().name}, "recipient": {"address": recipient}}
    same_language = _base(language) == _base(template.language)
    return _filled(template, {**data, **own}, language if same_language else template.language)


def preview(template: EmailTemplate, data: Data | None = None) -> Composed:
    """The template as it would look, with the sample of its event where no data is given; it may be unsaved."""
    sample = sample_of(event_named(template.event))
    return _filled(template, {**sample, **(data or {})}, template.language)


def template_for(event: str, language: str) -> EmailTemplate:
    """The effective one in the language, in the language without its country, or in English."""
    wanted = list(dict.fromkeys([language_tag(language), _base(language), FALLBACK]))
    effective = EmailTemplate.objects.filter(
        event=event, language__in=wanted, life_cycle_state=TemplateState.EFFECTIVE
    )
    found = {template.language: template for template in effective}
    for each in wanted:
        if each in found:
            return found[each]
    raise Refused(
        "no_template",
        f"there is no effective e-mail template for {event} in {' or '.join(filter(None, wanted))}; "
        "make one effective",
    )


def language_tag(language: str) -> str:
    """de_at -> de-AT: the form in which templates keep it."""
    base, _, country = language.strip().replace("_", "-").partition("-")
    return f"{base.lower()}-{country.upper()}" if country else base.lower()


def _base(language: str) -> str:
    return language_tag(language).partition("-")[0]


def _filled(template: EmailTemplate, names: Data, language: str) -> Composed:
    return Composed(
        template=template.code,
        language=template.language,
        subject=_part(template, "subject_line", SUBJECT, names, language),
        text=_part(template, "body_text", TEXT, names, language),
        html=_part(template, "body_html", HTML, names, language),
    )


def _part(template: EmailTemplate, part: str, mode: Mode, names: Data, language: str) -> str:
    try:
        return render(parse(getattr(template, part)), names, mode=mode, language=language)
    except TemplateError as error:
        error.message = f"e-mail template {template.code}, {part}: {error.message}"
        raise
