"""What a definition file may say, apart from what its run kind adds: the sections every kind has."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from django.utils.translation import gettext_lazy as _
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from lapwing.core.errors import Invalid, Problem
from lapwing.core.money import known_currency, minor_digits
from lapwing.runs.inputs import Amount, Code, Section, Shown, Whole, problems_of
from lapwing.runs.quiet_times import QuietTimes
from lapwing.runs.schedule import At, Now, Schedule

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
MAX_WAIT_S = 366 * 86_400


class Wait(Section):
    value: Annotated[Whole, Shown(_("Wait"))] = Field(ge=0)
    unit: Annotated[Literal["seconds", "minutes", "hours", "days"], Shown(_("Unit"))]

    @model_validator(mode="after")
    def _at_most_a_year(self):
        if self.value * SECONDS[self.unit] > MAX_WAIT_S:
            raise PydanticCustomError("too_long", "a wait is at most 366 days")
        return self

    @property
    def span(self) -> timedelta:
        return timedelta(**{self.unit: self.value})


class Throttle(Section):
    """So many subjects at once, then a wait that counts from the end of the batch."""

    max_batch_size: Annotated[
        Whole, Shown(_("At most at once"), _("Then it waits, counted from the end of the batch."))
    ] = Field(ge=1)
    start_again_after: Wait | None = None

    @field_validator("start_again_after", mode="before")
    @classmethod
    def _zero(cls, value: Any) -> Any:
        return None if value == 0 and not isinstance(value, bool) else value

    @property
    def wait(self) -> timedelta:
        return self.start_again_after.span if self.start_again_after else timedelta(0)


class Safety(Section):
    """Limits of one run, counted with what the definition did in the last 24 hours."""

    max_affected: Annotated[
        Whole | None, Shown(_("Stop above so many"), _("Empty: the organisation's limit."))
    ] = Field(default=None, ge=0)
    max_affected_percent: Annotated[
        Amount | None,
        Shown(_("Stop above so many percent"), _("Of all effective ones. Empty: the organisation's limit.")),
    ] = Field(default=None, le=100)
    max_amount: Annotated[dict[str, Amount], Shown(_("Stop above an amount at stake"))] = Field(
        default_factory=dict
    )
    approval: Annotated[bool, Shown(_("Every run needs somebody else's approval"))] = False
    canary: Annotated[
        Whole | None, Shown(_("Canary"), _("So many first, then the run pauses for a look. Empty: none."))
    ] = Field(default=None, ge=1)

    @field_validator("max_amount", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("max_amount")
    @classmethod
    def _currencies(cls, value: dict[str, Any]) -> dict[str, Any]:
        for currency, amount in value.items():
            if not known_currency(currency):
                raise PydanticCustomError(
                    "unknown_currency", "{found} is no currency", {"found": currency[:20]}
                )
            if amount != round(amount, minor_digits(currency)):
                raise PydanticCustomError(
                    "over_precise",
                    "{found} has more digits than the currency has",
                    {"found": f"{amount} {currency}"},
                )
        return value


class Specification(Section):
    """One version of a definition. `criteria` and `safety` are checked by the run kind's own models."""

    description: Annotated[str, Shown(_("Description"), is_long=True)] = Field(default="", max_length=10_000)
    action_type: Annotated[Code | None, Shown(_("Action type"))] = None
    sub_action_type: Annotated[Code | None, Shown(_("Sub-action type"))] = None
    criteria: Any
    schedule: Schedule
    throttle: Throttle | None = None
    safety: Any
    quiet_times: QuietTimes | None = None

    def content(self) -> dict[str, Any]:
        """As JSON, the form that is stored and compared."""
        stored = self.model_dump(mode="json", exclude={"criteria", "safety"})
        stored["criteria"] = self.criteria.model_dump(mode="json")
        stored["safety"] = self.safety.model_dump(mode="json")
        return stored


SECTIONS = ("criteria", "safety")


def parse(content: dict[str, Any], *, criteria: type[Section], safety: type[Section]) -> Specification:
    """Reads the sections of a definition file or of a stored version.

    Raises Invalid `invalid_definition`, naming every wrong field at once.
    """
    problems: list[Problem] = []
    values = dict(content)
    for section, model in (("criteria", criteria), ("safety", safety)):
        given = values.pop(section, None)
        try:
            values[section] = model.model_validate({} if given is None else given)
        except ValidationError as error:
            problems += problems_of(error, f"{section}.")
            values[section] = None
    if values.get("schedule") is None:
        values["schedule"] = {"method": "now"}
    for key in ("description", "throttle"):
        if values.get(key, ...) is None:
            del values[key]
    specification = None
    try:
        specification = Specification.model_validate(values)
    except ValidationError as error:
        problems += problems_of(error)
    if specification is not None:
        problems += _cross_checks(specification)
    if problems:
        raise Invalid("invalid_definition", "the definition is not valid", sorted(set(problems)))
    assert specification is not None
    return specification


def _cross_checks(specification: Specification) -> list[Problem]:
    found = []
    if specification.throttle and isinstance(specification.schedule, Now | At):
        found.append(
            Problem(
                "throttle",
                f"goes with the methods repeat and advanced only, not with {specification.schedule.method}",
                "throttle_without_repetition",
            )
        )
    if specification.sub_action_type and not specification.action_type:
        found.append(Problem("sub_action_type", "needs an action_type", "action_type_missing"))
    return found
