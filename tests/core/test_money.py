from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lapwing.core.money import to_minor, to_text, to_words

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "USD"])


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.30", "EUR", 1230),
        ("12", "JPY", 12),
        ("0.005", "KWD", 5),
        ("-1.5", "EUR", -150),
        (" 7 ", "EUR", 700),
    ],
)
def test_text_becomes_minor_units(text, currency, minor):
    assert to_minor(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12.345", "EUR"),
        ("0.5", "JPY"),
        ("NaN", "EUR"),
        ("1e400", "EUR"),
        ("", "EUR"),
        ("12,30", "EUR"),
        ("∞", "EUR"),
    ],
)
def test_what_is_no_exact_amount_is_refused_in_words(text, currency):
    with pytest.raises(ValueError, match=r"amount|digits|larger"):
        to_minor(text, currency)


@given(st.integers(-(10**14), 10**14), CURRENCIES)
def test_minor_units_survive_the_way_through_text(minor, currency):
    text = to_text(minor, currency)
    assert to_minor(text, currency) == minor
    assert "." not in text or not text.endswith(("0", "."))


def test_words_carry_the_currency():
    assert to_words(1230, "EUR") == "€12.30"
    assert Decimal("12.30") == Decimal(1230) / 100


@pytest.mark.parametrize(("text", "currency"), [("1.000", "EUR"), ("12.000", "EUR"), ("1.00", "JPY")])
def test_a_sign_between_thousands_is_not_read_as_a_point(text, currency):
    with pytest.raises(ValueError, match="has more digits than"):
        to_minor(text, currency)


def test_zeros_that_the_currency_has_are_an_amount():
    assert (to_minor("1.000", "KWD"), to_minor("1.00", "EUR"), to_minor(Decimal("1.0000"), "EUR")) == (
        1000,
        100,
        100,
    )
