"""From what an operator entered to an open connector, with the secrets sealed in between.

The secrets are in the sealed text and in the connector, nowhere else: not in messages, not in what is printed of them.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from lapwing.connectors.port import ConnectorConfiguration, ProviderConnector, connectors
from lapwing.core.encryption import seal, unseal
from lapwing.core.errors import Invalid, Problem


def seal_configuration(name: str, values: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """What may be shown and stored in the clear, and the secrets sealed ('' where there are none).

    Raises Refused `unknown_provider_connector`; Invalid `connector_configuration` naming each wrong field.
    """
    configuration = _checked(name, values)
    secret = {
        field: getattr(configuration, field).get_secret_value()
        for field in sorted(configuration.secret_fields())
    }
    public = configuration.model_dump(mode="json", exclude=set(secret))
    return public, seal(json.dumps(secret)) if any(secret.values()) else ""


def open_connector(name: str, configuration: Mapping[str, Any], sealed_secrets: str) -> ProviderConnector:
    """The connector; nothing is connected yet, `check()` does that. Close it, or use it by `with`.

    Raises as `seal_configuration`, and Refused `sealed_text_unreadable` where the secrets were sealed with another key.
    """
    secrets = json.loads(unseal(sealed_secrets)) if sealed_secrets else {}
    return connectors.get(name)(_checked(name, {**configuration, **secrets}))


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
