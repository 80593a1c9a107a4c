"""The fields that steps ask for. What is allowed in them the actions say."""

from django import forms
from django.utils.translation import gettext_lazy as _

from lapwing.backoffice.step import LONGEST_REASON, StepForm

WIDE = {"class": "lw-wide"}
CODE = 100  # characters of a number or a code


class DayInput(forms.DateInput):
    """The browser's own calendar; what was typed is shown again as it was."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def day(label: str, *, required: bool = True, help_text: str = "") -> forms.DateField:
    return forms.DateField(label=label, required=required, widget=DayInput(), help_text=help_text)


def text(label: str, *, required: bool = True, longest: int = CODE, help_text: str = "") -> forms.CharField:
    return forms.CharField(label=label, required=required, max_length=longest, help_text=help_text)


def reason(*, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        required=required,
        max_length=LONGEST_REASON,
        widget=forms.TextInput(attrs=WIDE),
    )


class WithReason(StepForm):
    """Why, where somebody wants to say."""

    reason = reason()


class WithNeededReason(StepForm):
    """Why."""

    reason = reason(required=True)
