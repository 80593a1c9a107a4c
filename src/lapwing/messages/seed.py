"""What ships with Lapwing: an e-mail template for each event in English, and in German for what goes to customers."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from lapwing.messages.events import event_named
from lapwing.messages.models import EmailTemplate, TemplateState

FOLDER = Path(__file__).parent / "shipped"
LANGUAGES = ("en", "de")


def seed_templates() -> None:
    """Existing ones stay as they are; none takes the place of one that the organisation made effective."""
    for template in shipped():
        rival = EmailTemplate.objects.filter(
            event=template.event, language=template.language, life_cycle_state=TemplateState.EFFECTIVE
        )
        if EmailTemplate.objects.filter(code=template.code).exists():
            continue
        if rival.exists():
            template.life_cycle_state = TemplateState.NOT_EFFECTIVE
        template.save()


def shipped() -> Iterator[EmailTemplate]:
    """Unsaved, coded by event and language: invoice_issued.de."""
    for language in LANGUAGES:
        texts = yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
        for event, parts in texts.items():
            yield EmailTemplate(
                code=f"{event}.{language}",
                name=f"{event_named(event).label} ({language})",
                event=event,
                language=language,
                subject_line=parts["subject"],
                body_text=parts["text"],
                body_html=parts.get("html", ""),
                life_cycle_state=TemplateState.EFFECTIVE,
            )
