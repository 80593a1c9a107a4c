"""LDAP (RFC 4511): a service is an entry under a base, named by our number of the service.

One attribute says active or not, one keeps the number of the last order of ours; quantity, product and the customer's
identity each have one where configured. These attributes are ours: what others wrote in them is replaced, all else in
the entry stays. The attribute of the revision must be single-valued (employeeNumber is).

A change takes away exactly the values that were looked at and adds the new ones, in one operation: the directory does
it whole, or not at all when somebody was faster. What remains: an entry that is not there has no revision, so a
creation frozen before sending can come after a deactivation that found nothing; the reconciliation finds it.
"""

from typing import Annotated

from ldap3.utils.dn import escape_rdn
from pydantic import Field, StringConstraints

from lapwing.connectors.comparing import ComparingConnector, Conflict, Found
from lapwing.connectors.errors import NotFound
from lapwing.connectors.ldap_session import LdapConfiguration, LdapSession
from lapwing.connectors.limits import Patience
from lapwing.connectors.orders import ServiceOrder, ServiceState
from lapwing.connectors.port import connectors

Attribute = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")]
Values = dict[str, list[bytes]]


class LdapProviderConfiguration(LdapConfiguration):
    """Where the entries are and which attributes carry what."""

    base_dn: str = Field(min_length=1, title="Base (DN)", description="below it are the entries")
    name_attribute: Attribute = Field("uid", title="Attribute of the name")
    object_classes: list[str] = Field(default=["inetOrgPerson"], min_length=1, title="Object classes")
    active_attribute: Attribute = Field("employeeType", title="Attribute of active or not")
    active_value: str = Field("active", min_length=1, title="Its value when active")
    inactive_value: str = Field("inactive", min_length=1, title="Its value when not active")
    revision_attribute: Attribute = Field(
        "employeeNumber", title="Attribute of the last order", description="it must be single-valued"
    )
    quantity_attribute: Attribute | None = Field(None, title="Attribute of the quantity")
    product_attribute: Attribute | None = Field(None, title="Attribute of the product")
    identity_attribute: Attribute | None = Field(None, title="Attribute of the customer's identity")


@connectors.register
class LdapConnector(ComparingConnector[Values]):
    name = "ldap"
    label = "LDAP directory"
    Configuration = LdapProviderConfiguration
    configuration: LdapProviderConfiguration

    def look(self, service: str) -> ServiceState | None:
        return self._look(service, self.patience()).state

    def find(self, order: ServiceOrder, patience: Patience) -> Found[Values]:
        return self._look(order.service, patience)

    def write(
        self, order: ServiceOrder, found: Found[Values], *, patience: Patience, deadline: float
    ) -> ServiceState:
        dn = self._dn(order.service)
        wanted = self._wanted(order)
        with LdapSession(self.configuration, patience) as session:
            if found.state is None:
                names = {**self._required(order), **wanted}
                done = session.add(dn, self.configuration.object_classes, names, deadline=deadline)
            else:
                done = session.swap(dn, _changes(found.witness, wanted), deadline=deadline)
            if not done:
                raise Conflict(session.said())
        return self._state({name: [value.encode()] for name, value in wanted.items()}, dn)

    def check(self) -> None:
        with LdapSession(self.configuration, self.patience()) as session:
            if session.entry(self.configuration.base_dn, ["objectClass"]) is None:
                raise NotFound(
                    f"{self.label}: the base {self.configuration.base_dn} is not there; correct the base DN"
                )

    def _look(self, service: str, patience: Patience) -> Found[Values]:
        dn = self._dn(service)
        with LdapSession(self.configuration, patience) as session:
            values = session.entry(dn, self._attributes())
        return Found(None, {}) if values is None else Found(self._state(values, dn), values)

    def _dn(self, service: str) -> str:
        return f"{self.configuration.name_attribute}={escape_rdn(service)},{self.configuration.base_dn}"

    def _attributes(self) -> list[str]:
        settings = self.configuration
        named = (settings.quantity_attribute, settings.product_attribute, settings.identity_attribute)
        return [settings.active_attribute, settings.revision_attribute, *filter(None, named)]

    def _wanted(self, order: ServiceOrder) -> dict[str, str]:
        settings = self.configuration
        optional = {
            settings.quantity_attribute: str(order.quantity),
            settings.product_attribute: order.product,
            settings.identity_attribute: order.identity,
        }
        return {
            settings.active_attribute: settings.active_value if order.active else settings.inactive_value,
            settings.revision_attribute: str(order.revision),
            **{name: value for name, value in optional.items() if name and value},
        }

    def _required(self, order: ServiceOrder) -> dict[str, str]:
        """What inetOrgPerson asks of every entry."""
        name = order.name or order.service
        return {self.configuration.name_attribute: order.service, "cn": name, "sn": name}

    def _state(self, values: Values, dn: str) -> ServiceState:
        settings = self.configuration
        activity = {settings.active_value: True, settings.inactive_value: False}
        return ServiceState(
            active=activity.get(_text(values, settings.active_attribute) or ""),
            quantity=_number(_text(values, settings.quantity_attribute)),
            product=_text(values, settings.product_attribute),
            revision=_number(_text(values, settings.revision_attribute)) or 0,
            reference=dn,
        )


def _changes(before: Values, wanted: dict[str, str]) -> dict[str, tuple[list[bytes], list[bytes]]]:
    """Every attribute of ours, also those that stay: taking a value away and adding it again asserts it."""
    return {name: (before.get(name, []), [value.encode()]) for name, value in wanted.items()}


def _text(values: Values, attribute: str | None) -> str | None:
    """The value where there is exactly one."""
    found = values.get(attribute, []) if attribute else []
    return found[0].decode(errors="replace") if len(found) == 1 else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
