"""Editing templates, and which one speaks to whom."""

import pytest
from django.db import IntegrityError, transaction

from lapwing.audit.models import AuditEntry
from lapwing.core.context import acting_as
from lapwing.core.errors import Invalid, Refused
from lapwing.messages.actions.save_template import save_template
from lapwing.messages.actions.set_template_state import set_template_state
from lapwing.messages.checks import effective_templates_suit_their_events
from lapwing.messages.compose import compose, preview
from lapwing.messages.events import EVENTS
from lapwing.messages.language import TemplateError
from lapwing.messages.models import EmailTemplate, TemplateState
from lapwing.messages.queries import template_named, templates
from lapwing.messages.seed import seed_templates

REACTIVATED = EVENTS["reactivated"].sample


def own(code: str = "own", **changes: str) -> EmailTemplate:
    parts = {
        "event": "reactivated",
        "language": "fr",
        "subject_line": "Bonjour",
        "body_text": "{{ on | date }}",
    }
    return save_template(code, **{**parts, **changes})


def test_a_saved_template_is_not_yet_effective_and_is_recorded(mailroom):
    template = own()
    assert (template.life_cycle_state, template.language) == ("not_effective", "fr")
    entry = AuditEntry.objects.get(action="email_template.save")
    assert (entry.actor, entry.subject, entry.after["body_text"]) == ("root", "own", "{{ on | date }}")


def test_saving_the_same_again_changes_nothing(mailroom):
    assert own().pk == own().pk
    assert AuditEntry.objects.filter(action="email_template.save").count() == 1


def test_only_an_administrator_edits_templates(mailroom):
    with acting_as("olga"):
        for act in (own, lambda: set_template_state("reactivated.en", "not_effective")):
            with pytest.raises(Refused) as refusal:
                act()
            assert refusal.value.code == "not_permitted"


def test_all_wrong_parts_are_named_with_line_and_column(mailroom):
    with pytest.raises(Invalid) as refusal:
        own(subject_line="{{ nobody }}", body_text="a\n{{ on | dat }}", body_html="<script>x</script>")
    assert [(p.field, p.code) for p in refusal.value.problems] == [
        ("subject_line", "template_unknown_name"),
        ("body_text", "template_syntax"),
        ("body_html", "template_unsafe_place"),
    ]
    assert "line 2, column 9" in str(refusal.value)
    assert not EmailTemplate.objects.filter(code="own").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"event": "birthday"}, "unknown_mail_event"),
        ({"language": "klingon"}, "unknown_language"),
        ({"code": "a b"}, "bad_code"),
        ({"code": "x\n"}, "bad_code"),
        ({"subject_line": "two\nlines"}, "bad_template"),
        ({"subject_line": " "}, "bad_template"),
        ({"body_text": ""}, "bad_template"),
        ({"body_text": "zero \x00"}, "bad_template"),
        ({"code": "reactivated.en"}, "template_is_of_another_event"),
    ],
)
def test_a_wrong_template_is_refused(mailroom, changes, code):
    with pytest.raises(Refused) as refusal:
        own(**changes)
    assert refusal.value.code == code


def test_a_template_made_effective_takes_the_place_of_the_other(mailroom):
    own("own.de", language="de", subject_line="Hallo")
    set_template_state("own.de", "effective")
    assert template_named("reactivated.de").life_cycle_state == TemplateState.NOT_EFFECTIVE
    assert compose("reactivated", "a@example.com", "de", REACTIVATED).subject == "Hallo"
    set_template_state("reactivated.de", "effective")
    assert compose("reactivated", "a@example.com", "de", REACTIVATED).template == "reactivated.de"


def test_the_database_lets_one_template_be_effective_per_event_and_language(mailroom):
    own("own.en", language="en")
    with pytest.raises(IntegrityError), transaction.atomic():
        EmailTemplate.objects.filter(code="own.en").update(life_cycle_state="effective")


@pytest.mark.parametrize(
    ("language", "template", "says"),
    [
        ("de", "reactivated.de", "12. März 2015"),
        ("de-AT", "reactivated.de", "12. März 2015"),
        ("de_ch", "reactivated.de", "12. März 2015"),
        ("en-GB", "reactivated.en", "12 March 2015"),
        ("en", "reactivated.en", "March 12, 2015"),
        ("fr", "reactivated.en", "March 12, 2015"),
        ("", "reactivated.en", "March 12, 2015"),
        ("no language at all", "reactivated.en", "March 12, 2015"),
    ],
)
def test_a_mail_is_written_in_the_recipients_language_or_in_english(mailroom, language, template, says):
    composed = compose("reactivated", "anna@example.com", language, REACTIVATED)
    assert composed.template == template
    assert says in composed.text


def test_without_an_effective_template_nothing_is_composed(mailroom):
    set_template_state("reactivated.en", "not_effective")
    assert compose("reactivated", "a@example.com", "de", REACTIVATED).template == "reactivated.de"
    with pytest.raises(Refused) as refusal:
        compose("reactivated", "a@example.com", "fr", REACTIVATED)
    assert refusal.value.code == "no_template"


def test_data_that_breaks_a_template_is_told_with_template_part_line_and_column(mailroom):
    data = {**REACTIVATED, "on": "yesterday"}
    with pytest.raises(TemplateError) as refusal:
        compose("reactivated", "a@example.com", "en", data)
    assert "e-mail template reactivated.en, body_text: line 3, column" in str(refusal.value)


def test_a_preview_shows_an_unsaved_template_with_the_sample(mailroom):
    draft = EmailTemplate(
        code="draft", event="reactivated", language="de", subject_line="Hallo {{ customer.name }}",
        body_text="{{ recipient.address }}", body_html="<p>{{ organisation.name }}</p>",
    )  # fmt: skip
    composed = preview(draft)
    assert (composed.subject, composed.text, composed.html) == (
        "Hallo Anna Berg",
        "anna@example.com",
        "<p>Acme Networks</p>",
    )
    assert preview(draft, {"customer": {"name": "<Ben>"}}).subject == "Hallo <Ben>"


def test_seeding_again_keeps_what_the_organisation_changed(mailroom):
    sample = template_named("reactivated.en")
    save_template(
        "reactivated.en", event="reactivated", language="en", subject_line="Ours", body_text=sample.body_text
    )
    own("own.de", language="de")
    set_template_state("own.de", "effective")
    EmailTemplate.objects.filter(code="reactivated.de").delete()
    before = EmailTemplate.objects.count()
    seed_templates()
    assert template_named("reactivated.en").subject_line == "Ours"
    assert template_named("reactivated.de").life_cycle_state == TemplateState.NOT_EFFECTIVE
    assert EmailTemplate.objects.count() == before + 1


def test_templates_are_listed_by_event(mailroom):
    assert [template.code for template in templates("invoice_issued")] == [
        "invoice_issued.de",
        "invoice_issued.en",
    ]
    assert templates().count() > 30
    with pytest.raises(Refused):
        template_named("nothing")


def test_verify_finds_an_effective_template_that_its_event_cannot_fill(mailroom):
    assert list(effective_templates_suit_their_events()) == []
    EmailTemplate.objects.filter(code="reactivated.en").update(body_text="{{ nobody }}")
    EmailTemplate.objects.filter(code="reactivated.de").update(event="birthday")
    found = "\n".join(effective_templates_suit_their_events())
    assert "reactivated.en" in found and "'nobody'" in found and "birthday" in found
