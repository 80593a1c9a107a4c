"""From what an operator entered to an open connector, with the secrets sealed in between.

The secrets are in the sealed text and in the connector, nowhere else: not in messages, not in what is printed of them.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from lapwing.connectors.port import ConnectorConfiguration, ProviderConnector, connectors
from lapwing.core.encryption import seal, unseal
from lapwing.core.errors import Invalid, Problem, Refused


@dataclass(frozen=True)
class Kept:
    """Secrets that stay as they are, out of the sealed ones, with the settings that they were entered for."""

    fields: Collection[str] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)
    sealed: str = field(default="", repr=False)


NOTHING_KEPT = Kept()


def seal_configuration(
    name: str, values: Mapping[str, Any], kept: Kept = NOTHING_KEPT
) -> tuple[dict[str, Any], str]:
    """What may be shown and stored in the clear, and the secrets sealed ('' where there are none).

    A secret is kept only where it goes on being sent to the same place: whoever may change settings, but was never
    told the secret, must not have it sent to an address of his own.

    Raises Refused `unknown_provider_connector`, `sealed_text_unreadable` where one is kept that cannot be opened;
    Invalid `connector_configuration` naming each wrong field, `secret_for_another_address` beside a kept secret.
    """
    opened = _opened(kept.sealed) if kept.fields else {}
    held = {field: text for field, text in opened.items() if field in kept.fields and text}
    configuration = _checked(name, {**values, **held})
    secret = {
        field: getattr(configuration, field).get_secret_value()
        for field in sorted(configuration.secret_fields())
    }
    public = configuration.model_dump(mode="json", exclude=set(secret))
    _refuse_elsewhere(name, held, kept.configuration, public)
    return public, seal(json.dumps(secret)) if any(secret.values()) else ""


def open_connector(name: str, configuration: Mapping[str, Any], sealed_secrets: str) -> ProviderConnector:
    """The connector; nothing is connected yet, `check()` does that. Close it, or use it by `with`.

    Raises as `seal_configuration`, and Refused `sealed_text_unreadable` where the secrets were sealed with another key.
    """
    return connectors.get(name)(_checked(name, {**configuration, **_opened(sealed_secrets)}))


def secrets_set(sealed: str) -> frozenset[str]:
    """The fields in which a secret stands; none where it cannot be opened, so that it is asked for again."""
    try:
        return frozenset(field for field, text in _opened(sealed).items() if text)
    except Refused:
        return frozenset()


def same_secrets(one: str, other: str) -> bool:
    """Whether two sealed texts hold the same; of what cannot be opened nothing is known to be the same."""
    try:
        return one == other or _opened(one) == _opened(other)
    except Refused:
        return False


def _opened(sealed: str) -> dict[str, str]:
    return json.loads(unseal(sealed)) if sealed else {}


def _refuse_elsewhere(
    name: str, held: Collection[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    goes_to = connectors.get(name).Configuration.goes_to
    moved = sorted(field for field in goes_to if before.get(field) != after.get(field))
    if held and moved:
        said = f"enter it again: {', '.join(moved)} changed, and it is not sent to another place unasked"
        problems = [Problem(field, said, "secret_for_another_address") for field in sorted(held)]
        raise Invalid("connector_configuration", f"the configuration of connector {name}", problems)


def _checked(name: str, values: Mapping[str, Any]) -> ConnectorConfiguration:
    try:
        return connectors.get(name).Configuration.model_validate(dict(values))
    except ValidationError as error:
        problems = _problems(error)
    # Outside of the handler: pydantic's error holds what was entered, and must not hang on ours.
    raise Invalid("connector_configuration", f"the configuration of connector {name}", problems)


def _problems(error: ValidationError) -> list[Problem]:
    """Field, what is wrong, and pydantic's word for it; never what was entered, which may be a secret."""
    return [
        Problem(".".join(map(str, found["loc"])) or "configuration", found["msg"], found["type"])
        for found in error.errors(include_url=False, include_input=False, include_context=False)
    ]
