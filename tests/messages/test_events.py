"""What ships: each event has its templates, each template uses what its event declares, and looks like a mail."""

import pytest

from lapwing.core.errors import Invalid, Refused
from lapwing.messages.compose import preview
from lapwing.messages.events import COMMON, EVENTS, Audience, event_named
from lapwing.messages.queries import tokens
from lapwing.messages.seed import shipped
from lapwing.messages.template_check import PARTS, check_parts
from lapwing.messages.tokens import flat, require_tokens, sample_of

SHIPPED = {template.code: template for template in shipped()}


def test_each_event_ships_in_english_and_those_of_customers_in_german_too():
    expected = {f"{event}.en" for event in EVENTS}
    expected |= {f"{name}.de" for name, event in EVENTS.items() if event.audience == Audience.CUSTOMER}
    assert set(SHIPPED) == expected


@pytest.mark.parametrize("code", SHIPPED)
def test_a_shipped_template_passes_the_check_and_leaves_nothing_open(code):
    template = SHIPPED[code]
    check_parts(event_named(template.event), code, {part: getattr(template, part) for part in PARTS})
    composed = preview(template)
    for part in (composed.subject, composed.text, composed.html):
        assert not {"{{", "{%", "None"} & set(part.split())
    assert composed.subject and composed.text and "\n\n\n" not in composed.text
    assert (template.body_html == "") == (composed.html == "")


@pytest.mark.parametrize("code", SHIPPED)
def test_a_shipped_template_bears_that_every_single_value_is_missing(code):
    template = SHIPPED[code]
    event = event_named(template.event)
    required = {"currency"}  # money has one

    def emptied(value, name=""):
        if type(value) is dict:
            return {key: emptied(inner, key) for key, inner in value.items()}
        if type(value) is list:
            return [emptied(item) for item in value]
        return value if name in required else None

    composed = preview(template, emptied(event.sample))
    assert composed.subject and "None" not in composed.text


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_declares_a_sample_for_each_name_and_none_that_every_mail_has(name):
    event = EVENTS[name]
    assert not set(event.sample) & set(COMMON)
    assert all(not (type(value) is list and not value) for _, value in flat(sample_of(event)))
    require_tokens(event, event.sample)


def test_the_names_of_an_event_are_listed_with_samples():
    names = dict(tokens("invoice_issued"))
    assert names["invoice.number"] == "INV-2041"
    assert names["invoice.lines[].amount_minor"] == 12300
    assert names["recipient.address"] == "anna@example.com"


def test_an_unknown_event_is_refused_with_the_known_ones():
    with pytest.raises(Refused, match="known: grace_granted, ") as refusal:
        event_named("birthday")
    assert refusal.value.code == "unknown_mail_event"


def test_data_that_lacks_names_is_refused_with_all_of_them_and_no_values():
    event = EVENTS["portal_invitation"]
    with pytest.raises(Invalid) as refusal:
        require_tokens(event, {"customer": {"name": "Secret Name"}, "link": "javascript:alert(1)"})
    assert {(p.field, p.code) for p in refusal.value.problems} == {
        ("customer.number", "missing"),
        ("link", "expected_link"),
        ("expires_on", "missing"),
    }
    assert "Secret" not in str(refusal.value) and "alert" not in str(refusal.value)


def test_a_group_of_names_may_not_be_missing():
    with pytest.raises(Invalid) as refusal:
        require_tokens(EVENTS["invoice_issued"], {**EVENTS["invoice_issued"].sample, "invoice": None})
    assert [p.code for p in refusal.value.problems] == ["expected_names"]
