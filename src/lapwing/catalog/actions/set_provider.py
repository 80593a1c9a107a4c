"""Adds or changes who delivers services, with the connector's configuration; secrets are stored sealed."""

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.catalog.models import Provider, ProviderKind
from lapwing.connectors.opening import seal_configuration
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require

ADDRESS = r"[^@\s,;<>]+@[^@\s,;<>]+"


@transaction.atomic
def set_provider(
    code: str,
    kind: str,
    *,
    name: str = "",
    connector: str = "",
    configuration: Mapping[str, Any] | None = None,
    needs_account: bool = False,
    responsible_email: str = "",
    remind_every_days: int = 3,
) -> Provider:
    """The whole of its settings; in a sandbox the connector is the sandbox's unless another is named.

    Raises Refused `unknown_provider_kind`, `connector_missing`, `responsible_missing`, `bad_interval`,
    `unknown_provider_connector`; Invalid with each wrong field of the configuration.
    """
    require(Permission.PROVISION)
    if kind not in ProviderKind.values:
        known = ", ".join(ProviderKind.values)
        raise Refused("unknown_provider_kind", f"a provider is one of {known}, found {kind!r}")
    if organisation().is_sandbox:
        connector = connector or "sandbox"
    if kind == ProviderKind.AUTOMATIC and not connector:
        raise Refused("connector_missing", f"provider {code} is automatic: name its connector")
    if kind == ProviderKind.MANUAL and not re.fullmatch(ADDRESS, responsible_email):
        raise Refused(
            "responsible_missing", f"provider {code} is manual: give the e-mail of who is responsible"
        )
    if remind_every_days < 1:
        raise Refused("bad_interval", f"reminders come every n days from 1, found {remind_every_days}")
    public, sealed = ({}, "")
    if kind == ProviderKind.AUTOMATIC:
        public, sealed = seal_configuration(connector, configuration or {})
    provider = Provider.objects.select_for_update().filter(code=code).first() or Provider(code=code)
    before, secrets_before = _shown(provider), provider.sealed_secrets
    provider.name, provider.kind = name or provider.name or code, kind
    provider.connector = connector if kind == ProviderKind.AUTOMATIC else ""
    provider.configuration, provider.sealed_secrets = public, sealed
    provider.needs_account, provider.responsible_email = needs_account, responsible_email
    provider.remind_every_days = remind_every_days
    provider.save()
    record(
        "provider.set",
        kind="provider",
        subject_id=provider.pk,
        subject=code,
        before=before,
        after={**_shown(provider), "secrets_changed": bool(sealed or secrets_before)},
    )
    return provider


def _shown(provider: Provider) -> dict[str, Any]:
    fields = ("kind", "connector", "configuration", "needs_account", "responsible_email", "remind_every_days")
    return {field: getattr(provider, field) for field in fields}


def provider_of(code: str) -> Provider:
    """Raises Refused `unknown_provider`."""
    found = Provider.objects.filter(code=code).first()
    if found is None:
        raise Refused(
            "unknown_provider", f"there is no provider {code!r}; `lapwing provider list` shows them"
        )
    return found
