"""The template language: what it says, what it refuses and where, and that nothing typed by anybody gets out of hand."""

import html
import time
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lapwing.messages.language import HTML, SUBJECT, TEXT, TemplateError, check, check_places, parse, render
from lapwing.messages.language.limits import MAX_OUTPUT_BYTES, MAX_SUBJECT

DATA = {
    "customer": {"name": "Ann <b>", "city": None},
    "invoice": {"number": "INV-1", "due_on": "2015-03-10", "total_minor": 123456, "currency": "EUR"},
    "lines": [{"text": "TV", "minor": 100}, {"text": "Fibre", "minor": 250}],
    "none": [],
    "yes": True,
    "no": False,
    "on": date(2016, 2, 29),
    "link": "https://example.com/i/1",
}

SAYS = [
    # source, language, text
    ("plain { braces } and }} alone", "en", "plain { braces } and }} alone"),
    ("{{ customer.name }}", "en", "Ann <b>"),
    ("{{customer.name|upper}}", "en", "ANN <B>"),
    ("[{{ customer.city }}]", "en", "[]"),
    ('{{ customer.city | default: "nowhere" }}', "en", "nowhere"),
    ("{{ customer.city | upper | default: invoice.number }}", "en", "INV-1"),
    ("{{ customer.name | default: 'x' }}", "en", "Ann <b>"),
    ("{{ invoice.total_minor }}", "en", "123456"),
    ("{{ invoice.total_minor | money: invoice.currency }}", "en", "€1,234.56"),
    ("{{ invoice.total_minor | money: invoice.currency }}", "de", "1.234,56\xa0€"),
    ("{{ invoice.total_minor | money: 'JPY' }}", "en", "¥123,456"),
    ("{{ invoice.total_minor | money: 'KWD' }}", "en", "KWD123.456"),
    ("{{ invoice.due_on | date }}", "en", "March 10, 2015"),
    ("{{ invoice.due_on | date }}", "en-GB", "10 March 2015"),
    ("{{ invoice.due_on | date }}", "de", "10. März 2015"),
    ("{{ on | date }}", "de-AT", "29. Februar 2016"),
    ("{{ invoice.due_on | date }}", "xx-unknown", "March 10, 2015"),
    ("{% if yes %}a{% else %}b{% endif %}", "en", "a"),
    ("{% if no %}a{% else %}b{% endif %}", "en", "b"),
    ("{% if none %}a{% endif %}", "en", ""),
    ("{% for l in lines %}{{ l.text }};{% endfor %}", "en", "TV;Fibre;"),
    ("{% for l in lines %}{% if no %}{{ l.text }}{% endif %}{% endfor %}", "en", ""),
    ("{% for l in none %}x{% endfor %}", "en", ""),
]


@pytest.mark.parametrize(("source", "language", "text"), SAYS)
def test_a_template_says(source, language, text):
    template = parse(source)
    assert render(template, DATA, mode=TEXT, language=language) == text


REFUSES = [
    # source, line, column, what the message says
    ("{{", 1, 1, "expected }}"),
    ("{{ }}", 1, 4, "expected a name"),
    ("a\nb {{ x y }}", 2, 8, "expected the end"),
    ("{{ customer.name() }}", 1, 17, "expected the end"),
    ("{{ customer.name[0] }}", 1, 17, "expected the end"),
    ("{{ __class__ }}", 1, 4, "expected a name"),
    ("{{ customer.__class__ }}", 1, 12, "expected the end"),
    ("{{ 1 + 1 }}", 1, 4, "expected a name"),
    ("{{ invoice.total_minor + 1 }}", 1, 24, "expected the end"),
    ("{{ a | }}", 1, 8, "expected a filter"),
    ("{{ a | safe }}", 1, 8, "expected a filter (money, date, upper, default)"),
    ("{{ a | money }}", 1, 8, "expected a colon"),
    ("{{ a | upper: b }}", 1, 8, "expected no argument"),
    ("{% if %}x{% endif %}", 1, 7, "expected a name"),
    ("{% if a == b %}x{% endif %}", 1, 9, "expected the end"),
    ("{% if a %}x", 1, 3, "closes this if"),
    ("{% if a %}x{% else %}y", 1, 3, "closes this else"),
    ("{% for a in b %}x{% endif %}", 1, 20, "found 'endif'"),
    ("{% for a of b %}x{% endfor %}", 1, 10, "expected in"),
    ("{% for a.b in c %}x{% endfor %}", 1, 8, "expected a name for each item"),
    ("{% endif %}", 1, 3, "found 'endif'"),
    ("{% include x %}", 1, 3, "expected if or for"),
    ("{% %}", 1, 3, "expected if or for"),
    ("{% if a %}" * 6 + "{% endif %}" * 6, 1, 53, "at most 5"),
    ("{{ " + "a" * 600 + " }}", 1, 1, "within 500 characters"),
    ("x" * 100_001, 1, 1, "at most 100,000"),
    ("{{ a }}" * 5_001, 1, 35_001, "at most 5,000"),
    ("zero\x00", 1, 5, "expected readable characters"),
]


@pytest.mark.parametrize(("source", "line", "column", "says"), REFUSES)
def test_a_wrong_template_is_refused_at_its_place(source, line, column, says):
    with pytest.raises(TemplateError) as refusal:
        parse(source)
    assert (refusal.value.line, refusal.value.column) == (line, column)
    assert says in str(refusal.value)


UNKNOWN = [
    "{{ customer.nam }}",
    "{{ nobody }}",
    "{{ customer.name.first }}",
    "{{ lines.text }}",
    "{% if nobody %}{% endif %}",
    "{% if yes %}{% else %}{{ nobody }}{% endif %}",
    "{% for l in nobody %}{% endfor %}",
    "{% for l in lines %}{{ l.nothing }}{% endfor %}",
    "{% for l in lines %}{% endfor %}{{ l.text }}",
    "{{ invoice.total_minor | money: nobody }}",
]


@pytest.mark.parametrize("source", UNKNOWN)
def test_an_unknown_name_is_refused_when_checked(source):
    with pytest.raises(TemplateError) as refusal:
        check(parse(source), DATA)
    assert refusal.value.code == "template_unknown_name"


def test_an_unknown_name_is_refused_when_rendered_and_the_known_ones_are_named():
    with pytest.raises(TemplateError, match=r"line 1, column 4: .*'customer.nam'.* has city, name"):
        render(parse("{{ customer.nam }}"), DATA, mode=TEXT, language="en")


WRONG_VALUES = [
    "{{ customer }}",
    "{{ lines }}",
    "{{ yes }}",
    "{{ customer.name | money: 'EUR' }}",
    "{{ invoice.total_minor | money: 'EURO' }}",
    "{{ invoice.total_minor | money: invoice.total_minor }}",
    "{{ customer.name | date }}",
    "{{ invoice.total_minor | upper }}",
    "{% for l in customer %}{% endfor %}",
    "{% for l in yes %}{% endfor %}",
]


@pytest.mark.parametrize("source", WRONG_VALUES)
def test_a_value_of_the_wrong_sort_is_refused_when_checked_and_when_rendered(source):
    for use in (check, lambda t, d: render(t, d, mode=TEXT, language="en")):
        with pytest.raises(TemplateError) as refusal:
            use(parse(source), DATA)
        assert refusal.value.code == "template_bad_value"


def test_objects_are_never_looked_into():
    class Customer:
        name = "secret"

        def __str__(self) -> str:
            return "secret"

    for source in ("{{ c.name }}", "{{ c }}", "{% for x in c %}{% endfor %}"):
        with pytest.raises(TemplateError) as refusal:
            render(parse(source), {"c": Customer()}, mode=TEXT, language="en")
        assert "secret" not in str(refusal.value)


def test_the_name_of_an_item_must_be_new():
    with pytest.raises(TemplateError, match="expected a new name"):
        check(parse("{% for customer in lines %}{% endfor %}"), DATA)


# --- limits -----------------------------------------------------------------------------------------------------

FIVE_DEEP = "".join(f"{{% for x{i} in many %}}" for i in range(5)) + "{% endfor %}" * 5
BOMBS = [
    (FIVE_DEEP, {"many": list(range(1000))}, "template_too_slow"),
    (
        "{% for a in many %}{% for b in many %}{{ text }}{% endfor %}{% endfor %}",
        {"many": [1] * 100, "text": "x" * 1000},
        "template_output_too_large",
    ),
    ("{% for a in many %}x{% endfor %}", {"many": [1] * 1001}, "template_output_too_large"),
    ("{{ text }}", {"text": "x" * 50_000_000}, "template_bad_value"),
    ("{{ text | upper }}", {"text": "ß" * 50_000_000}, "template_bad_value"),
    ("{{ text }}", {"text": "é" * 150_000}, "template_output_too_large"),
    ("{{ text }}" * 5_000, {"text": "x" * 50}, "template_output_too_large"),
    ("{{ n }}", {"n": 10**6000}, "template_bad_value"),
    ("{{ n | money: 'EUR' }}", {"n": -(10**6000)}, "template_bad_value"),
]


@pytest.mark.parametrize(("source", "data", "code"), BOMBS)
def test_a_bomb_ends_in_its_limit_within_a_second(source, data, code):
    began = time.thread_time()
    with pytest.raises(TemplateError) as refusal:
        render(parse(source), data, mode=HTML, language="en")
    assert refusal.value.code == code
    assert time.thread_time() - began < 1


def test_slow_filters_are_stopped_by_the_time_limit():
    source = (
        "{% for a in many %}{% for b in many %}{{ n | money: 'EUR' | default: 'x' }}{% endfor %}{% endfor %}"
    )
    began = time.thread_time()
    with pytest.raises(TemplateError) as refusal:
        render(parse(source), {"many": [1] * 200, "n": 1}, mode=TEXT, language="en")
    assert refusal.value.code in ("template_too_slow", "template_output_too_large")
    assert time.thread_time() - began < 1


# --- subject ----------------------------------------------------------------------------------------------------

INJECTIONS = [
    "\r\nBcc: x@y.z",
    "\nBcc: x",
    "\r",
    "\x00",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x85",
    "\u2028x",
    "\u2029",
    "\ud800",
]


@pytest.mark.parametrize("evil", INJECTIONS, ids=ascii)
def test_a_subject_stays_one_line(evil):
    subject = render(parse("Invoice {{ n }}\nfor you"), {"n": f"1{evil}2"}, mode=SUBJECT, language="en")
    assert len(subject.splitlines()) == 1
    assert subject.isprintable()
    assert subject.startswith("Invoice 1")


def test_a_long_subject_is_cut():
    subject = render(parse("{{ n }}"), {"n": "long " * 1000}, mode=SUBJECT, language="en")
    assert len(subject) == MAX_SUBJECT and subject.endswith("…")


# --- HTML -------------------------------------------------------------------------------------------------------

SAFE_PLACES = [
    "<p>{{ customer.name }}</p>",
    '<td title="{{ customer.name }}">x</td>',
    "<td title='{{ customer.name }}'>x</td>",
    '<a href="{{ link }}">x</a>',
    '<a href="https://example.com/{{ customer.name }}">x</a>',
    "{% if yes %}<b>{{ customer.name }}</b>{% else %}<i>x</i>{% endif %}",
    "{% for l in lines %}<li>{{ l.text }}</li>{% endfor %}",
    '<br/><img alt="" src="{{ link }}"><!-- note -->',
]
UNSAFE_PLACES = [
    "<script>var x = '{{ customer.name }}'</script>",
    "<SCRIPT >x</SCRIPT>",
    "<style>{{ customer.name }}</style>",
    "<p {{ customer.name }}>",
    "<p title={{ customer.name }}>x</p>",
    "<p title=bare>x</p>",
    '<p onclick="{{ customer.name }}">x</p>',
    '<p style="{{ customer.name }}">x</p>',
    '<a href="{{ customer.name }}">x</a>',
    '<a href=" {{ link }}">x</a>',
    '<a href="javascript:{{ customer.name }}">x</a>',
    '<a href="{% if yes %}https://a/{% endif %}{{ customer.name }}">x</a>',
    '<a href="{{ link | upper }}">x</a>',
    "<{{ customer.name }}>",
    "<!-- {{ customer.name }} -->",
    "<!-- open",
    "<p",
    '{% if yes %}<p title="{% endif %}{{ customer.name }}',
    "<scr{% if yes %}ipt{% endif %}>",
    "<p {% if yes %}title{% endif %}>",
    "1 < 2",
]


@pytest.mark.parametrize("source", SAFE_PLACES)
def test_a_name_may_stand_in_text_and_in_quotes(source):
    check_places(parse(source), DATA)


@pytest.mark.parametrize("source", UNSAFE_PLACES)
def test_a_name_may_not_stand_where_escaping_does_not_help(source):
    with pytest.raises(TemplateError) as refusal:
        check_places(parse(source), DATA)
    assert refusal.value.code == "template_unsafe_place"


@given(typed=st.text(max_size=60))
@example(typed="<script>alert('x')</script>")
@example(typed="\" onmouseover='x' & {{ link }} {% if %}")
def test_what_customers_typed_is_never_unescaped_in_html(typed):
    template = parse('<p title="{{ t }}">{{ t | upper }}{% for x in l %}{{ x | default: t }}{% endfor %}</p>')
    out = render(template, {"t": typed, "l": [typed, None, ""]}, mode=HTML, language="en")
    start, _, rest = out.partition('">')
    assert start.startswith('<p title="') and rest.endswith("</p>")
    for part in (start.removeprefix('<p title="'), rest.removesuffix("</p>")):
        assert not set("<>\"'") & set(part)
        assert html.escape(html.unescape(part)) == part


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.dates()
    | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from("abcde") | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=15,
)
PARTS = st.sampled_from(
    ["{{", "}}", "{%", "%}", " ", "\n", "a", "b", "a.b", "c", "|", ":", "money", "date", "upper", "default", "'EUR'", '"x"',
     "if", "else", "endif", "for", "in", "endfor", "{{ a }}", "{% if a %}", "{% else %}", "{% endif %}", "{% for c in b %}",
     "{% endfor %}", "{{ c.a | upper }}", "{{ a | date }}", "{{ a | money: b }}", "{{ a | default: b }}", "<p>", "\x00", "{", "}"]
)  # fmt: skip
SOURCES = st.lists(PARTS, max_size=25).map("".join) | st.text(max_size=80)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(source=SOURCES, data=st.dictionaries(st.sampled_from("abcde"), PLAIN, max_size=5), mode=st.sampled_from([TEXT, HTML, SUBJECT]), language=st.sampled_from(["en", "de", "ar", "ja-JP", ""]) | st.text(max_size=6))  # fmt: skip
def test_nothing_but_its_own_error_comes_out(source, data, mode, language):
    began = time.thread_time()
    try:
        template = parse(source)
        for use in (check, check_places):
            with suppress(TemplateError):
                use(template, data)
        text = render(template, data, mode=mode, language=language)
        assert len(text.encode()) <= MAX_OUTPUT_BYTES
    except TemplateError as error:
        assert error.line >= 1 and error.column >= 1
    assert time.thread_time() - began < 1
