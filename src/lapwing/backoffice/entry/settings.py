"""The settings of a connector as fields of a form, from the types that it declares, and back again.

What is allowed in them the connector says; here text becomes lists, pairs and values, and secrets never come back.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from lapwing.backoffice.entry.inputs import plain_type
from lapwing.backoffice.templatetags.lapwing import translated
from lapwing.connectors.port import ConnectorConfiguration

LONGEST = 2_000
WIDE = {"class": "lw-wide"}
NUMBERS = (int, float)


class Lines(forms.CharField):
    """Several texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, **WIDE})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [line for line in (line.strip() for line in _text(value).splitlines()) if line]


class Pairs(Lines):
    """Names with a text each, `name = text` a line."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{k} = {v}" for k, v in value.items()) if isinstance(value, Mapping) else value

    def to_python(self, value: Any) -> Any:
        found = {}
        for line in super().to_python(value):
            name, equals, text = line.partition("=")
            if not equals:
                raise ValidationError(
                    _("expected name = value on each line, found %(line)s") % {"line": line[:60]}
                )
            found[name.strip()] = text.strip()
        return found


class Json(Lines):
    """What has no field of its own, as it stands in a file of settings."""

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, indent=1)

    def to_python(self, value: Any) -> Any:
        text = _text(value)
        try:
            return json.loads(text) if text.strip() else None
        except ValueError as error:
            raise ValidationError(_("this is no JSON")) from error


def _text(value: Any) -> str:
    text = str(value or "")
    if "\0" in text or "\\u0000" in text:
        raise ValidationError(_("a character that cannot be stored"))
    return text


def fields_of(
    configuration: type[ConnectorConfiguration], stored: Mapping[str, Any], secrets: frozenset[str]
) -> Iterator[tuple[str, forms.Field]]:
    """Names with their fields, filled with what is stored, or with the defaults; `secrets` are those that are set.

    After an optional secret that is set comes a tick that takes it away.
    """
    for name, info in _own_first(configuration):
        field = _field(name, info)
        if info.annotation is SecretStr:
            _say_of_secret(field, name in secrets)
            yield name, field
            if name in secrets and not info.is_required():
                label = _("Take away: %(secret)s") % {"secret": field.label}
                yield _removal(name), forms.BooleanField(label=label, required=False)
            continue
        if name in stored:
            field.initial = stored[name]
        elif not info.is_required():
            field.initial = info.get_default(call_default_factory=True)
        yield name, field


def _own_first(configuration: type[ConnectorConfiguration]) -> list[tuple[str, FieldInfo]]:
    """What the connector asks for itself comes before what all of them do."""
    shared = ConnectorConfiguration.model_fields
    return sorted(configuration.model_fields.items(), key=lambda field: field[0] in shared)


def shown(configuration: type[ConnectorConfiguration], stored: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What is stored, as the form calls it and as its fields would show it; what is empty is left out."""
    fields = {name: _field(name, info) for name, info in _own_first(configuration) if name in stored}
    return [
        (str(field.label), field.prepare_value(stored[name]))
        for name, field in fields.items()
        if stored[name] not in ("", None)
    ]


def _removal(name: str) -> str:
    return f"without-{name}"


def _say_of_secret(field: forms.Field, is_set: bool) -> None:
    if is_set:
        field.help_text = _("is set, and never shown; empty keeps it")
    else:
        field.help_text = "; ".join(filter(None, (_("none is set"), str(field.help_text))))


def read(
    configuration: type[ConnectorConfiguration], typed: Mapping[str, Any], secrets: frozenset[str]
) -> tuple[dict[str, Any], set[str]]:
    """The settings as the connector takes them, and the secrets that stay as they are."""
    values, kept = {}, set()
    for name, info in configuration.model_fields.items():
        value = typed.get(name)
        if info.annotation is SecretStr and not value:
            if name in secrets and not typed.get(_removal(name)):
                kept.add(name)
        elif value not in ("", None):
            values[name] = value
        elif info.is_required() or plain_type(info.annotation) in NUMBERS:
            continue  # the connector says that it is missing, or has a number of its own
        else:
            values[name] = None if type(None) in get_args(info.annotation) else ""
    return values, kept


def _field(name: str, info: FieldInfo) -> forms.Field:
    kind = plain_type(info.annotation)
    origin, inner = get_origin(kind), get_args(kind)
    said = {
        "label": translated(info.title) or name.replace("_", " ").capitalize(),
        "help_text": translated(info.description),
        "required": False,
    }
    if kind is SecretStr:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password", **WIDE})
        return forms.CharField(**said, strip=False, max_length=LONGEST, widget=widget)
    if kind is bool:
        return forms.BooleanField(**said)
    if kind in NUMBERS:
        return forms.CharField(
            **said, max_length=40, widget=forms.TextInput(attrs={"inputmode": "decimal"}), localize=False
        )
    if origin is Literal:
        return forms.ChoiceField(**said, choices=[(each, each) for each in inner])
    if kind is str:
        return forms.CharField(**said, max_length=LONGEST, widget=forms.TextInput(attrs=WIDE))
    if origin is list and inner == (str,):
        said["help_text"] = said["help_text"] or _("one a line")
        return Lines(**said)
    if origin is dict and inner == (str, str):
        return Pairs(**said)
    return Json(**said)
