"""The public names of the generator: bases, definitions and disturbances, all from a seed."""

from .bases import RUN_DATE, make_base, make_cut_for_debt
from .definitions import faults, make_activation_definition, make_definition
from .disturbances import (
    Event,
    apply_disturbance,
    make_activation_disturbance,
    make_aftermath,
    make_disturbance,
    make_new_graces,
    make_threshold_payments,
    payment_reference,
)

__all__ = [
    "RUN_DATE",
    "Event",
    "apply_disturbance",
    "faults",
    "make_activation_definition",
    "make_activation_disturbance",
    "make_aftermath",
    "make_base",
    "make_cut_for_debt",
    "make_definition",
    "make_disturbance",
    "make_new_graces",
    "make_threshold_payments",
    "payment_reference",
]
