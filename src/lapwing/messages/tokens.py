"""The names of an event's templates, and whether the data of a mail has them all."""

from collections.abc import Iterator

from lapwing.core.errors import Invalid, Problem
from lapwing.messages.events import COMMON, Data, Event
from lapwing.messages.language.filters import Value, kind_of
from lapwing.messages.language.html_places import LINK_START


def sample_of(event: Event) -> Data:
    """Everything a template of the event may use, with a value for each."""
    return {**COMMON, **event.sample}


def flat(value: Value, name: str = "") -> Iterator[tuple[str, Value]]:
    """customer.name, invoice.lines[].text … each with its sample."""
    if type(value) is dict:
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else key)
    elif type(value) is list and value:
        yield from flat(value[0], f"{name}[]")
    else:
        yield name, value


def require_tokens(event: Event, data: Data) -> None:
    """Raises Invalid `mail_data_incomplete`, which names every missing or wrong value; never the values themselves."""
    problems = list(_missing(event.sample, data, ""))
    if problems:
        raise Invalid("mail_data_incomplete", f"the data of a mail {event.name}", problems)


def _missing(sample: Value, found: Value, name: str) -> Iterator[Problem]:
    if type(sample) is dict:
        yield from _missing_names(sample, found, name)
    elif type(sample) is list:
        if type(found) is not list:
            yield Problem(name, f"expected a list, found {kind_of(found)}", "expected_list")
        else:
            for item in found[:1]:
                yield from _missing(sample[0], item, f"{name}[]")
    elif found is not None and type(sample) is str and LINK_START.match(sample) and not _is_link(found):
        yield Problem(name, f"expected a link with https://, found {kind_of(found)}", "expected_link")


def _missing_names(sample: Data, found: Value, name: str) -> Iterator[Problem]:
    if type(found) is not dict:
        yield Problem(name or "data", f"expected a dictionary, found {kind_of(found)}", "expected_names")
        return
    for key, inner in sample.items():
        full = f"{name}.{key}" if name else key
        if key in found:
            yield from _missing(inner, found[key], full)
        else:
            yield Problem(full, "is missing; give it, or None where there is none", "missing")


def _is_link(found: Value) -> bool:
    return type(found) is str and bool(LINK_START.match(found))
