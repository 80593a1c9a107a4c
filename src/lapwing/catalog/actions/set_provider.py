"""Adds or changes who delivers services, with the connector's configuration; secrets are stored sealed."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.catalog.models import LifeCycle, Provider, ProviderKind
from lapwing.connectors.opening import NOTHING_KEPT, Kept, same_secrets, seal_configuration
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import organisation, require

ADDRESS = r"[^@\s,;<>]+@[^@\s,;<>]+"
LONGEST_INTERVAL = 365  # days
SHOWN = (
    *("name", "life_cycle_state", "kind", "connector", "configuration", "needs_account"),
    *("responsible_email", "remind_every_days"),
)


@transaction.atomic
def set_provider(
    code: str,
    kind: str,
    *,
    name: str = "",
    connector: str = "",
    configuration: Mapping[str, Any] | None = None,
    keep: Collection[str] = (),
    needs_account: bool = False,
    responsible_email: str = "",
    remind_every_days: int = 3,
    state: str = "",
) -> Provider:
    """The whole of its settings; in a sandbox the connector is the sandbox's unless another is named. Secrets named in
    `keep` stay as they are, where the connector does. `state` is as it was where none is given.

    Raises Refused `unknown_provider_kind`, `unknown_state`, `connector_missing`, `responsible_missing`, `bad_interval`
    and as `seal_configuration`; Invalid with each wrong field of the configuration.
    """
    require(Permission.PROVISION)
    provider = Provider.objects.select_for_update().filter(code=code).first() or Provider(code=code)
    before, secrets_before = _shown(provider), provider.sealed_secrets
    if organisation().is_sandbox:
        connector = connector or "sandbox"
    provider.name, provider.kind = name or provider.name or code, kind
    provider.connector, connector_before = (
        connector if kind == ProviderKind.AUTOMATIC else "",
        provider.connector,
    )
    provider.life_cycle_state = state or provider.life_cycle_state
    provider.needs_account, provider.responsible_email = needs_account, responsible_email
    provider.remind_every_days = remind_every_days
    _check(provider)
    public, sealed = {}, ""
    if provider.connector:
        kept = (
            Kept(keep, provider.configuration, secrets_before)
            if connector == connector_before
            else NOTHING_KEPT
        )
        public, sealed = seal_configuration(connector, configuration or {}, kept)
    provider.configuration, provider.sealed_secrets = public, sealed
    provider.save()
    record(
        "provider.set",
        kind="provider",
        subject_id=provider.pk,
        subject=code,
        before=before,
        after={**_shown(provider), "secrets_changed": not same_secrets(secrets_before, sealed)},
    )
    return provider


def _check(provider: Provider) -> None:
    """What does not depend on the connector."""
    code, kind = provider.code, provider.kind
    if kind not in ProviderKind.values:
        known = ", ".join(ProviderKind.values)
        raise Refused("unknown_provider_kind", f"a provider is one of {known}, found {kind!r}")
    if provider.life_cycle_state not in LifeCycle.values:
        known = ", ".join(LifeCycle.values)
        raise Refused(
            "unknown_state", f"provider {code} is one of {known}, found {provider.life_cycle_state!r}"
        )
    if kind == ProviderKind.AUTOMATIC and not provider.connector:
        raise Refused("connector_missing", f"provider {code} is automatic: name its connector")
    if kind == ProviderKind.MANUAL and not re.fullmatch(ADDRESS, provider.responsible_email):
        raise Refused(
            "responsible_missing", f"provider {code} is manual: give the e-mail of who is responsible"
        )
    if not 1 <= provider.remind_every_days <= LONGEST_INTERVAL:
        raise Refused(
            "bad_interval",
            f"reminders come every n days from 1 to {LONGEST_INTERVAL}, found {provider.remind_every_days}",
        )


def _shown(provider: Provider) -> dict[str, Any]:
    return {field: getattr(provider, field) for field in SHOWN}


def provider_of(code: str) -> Provider:
    """Raises Refused `unknown_provider`."""
    found = Provider.objects.filter(code=code).first()
    if found is None:
        raise Refused(
            "unknown_provider", f"there is no provider {code!r}; `lapwing provider list` shows them"
        )
    return found
