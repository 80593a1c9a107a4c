"""The inputs of a section of a definition, as a form asks for them, from the types that read the section."""

import types
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from django.db.models import Model
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lapwing.runs.inputs import Shown

SORTS = {bool: "yes_no", int: "whole", Decimal: "amount", str: "text", datetime: "moment", date: "date"}


@dataclass(frozen=True)
class Input:
    """One thing that is asked for. `path` is its place in the definition file, as problems name it."""

    path: str
    sort: str  # of SORTS, and: choice, ticks, codes, code, span, amounts, section
    label: str
    hint: str = ""
    section: str = ""
    group: str = ""  # the inputs of one criterion belong together
    choices: tuple[str, ...] = ()
    entries: type[Model] | None = None
    suggestions: tuple[str, ...] = ()
    is_long: bool = False
    may_be_empty: bool = True
    model: type[BaseModel] | None = None  # of a section within

    @property
    def key(self) -> str:
        """As part of an element's id."""
        return self.path.replace(".", "-")


def inputs_of(
    model: type[BaseModel], prefix: str = "", *, only: Collection[str] | None = None
) -> Iterator[Input]:
    """One for each field; a section within is one of the sort `section`. Raises TypeError for a type of no sort."""
    for name, field in model.model_fields.items():
        if only is None or name in only:
            yield _input(f"{prefix}{name}", name, field)


def leaves(each: Input) -> Iterator[Input]:
    """The input itself, or those of the section that it is."""
    if each.model is None:
        yield each
        return
    for inner in inputs_of(each.model, f"{each.path}."):
        for leaf in leaves(inner):
            group = each.group or each.label
            yield replace(leaf, section=each.section or leaf.section, group=group)


def _input(path: str, name: str, field: FieldInfo) -> Input:
    shown = next((each for each in field.metadata if isinstance(each, Shown)), Shown())
    sort, more = _sort(path, field.annotation, shown)
    return Input(
        path=path,
        sort=sort,
        label=str(shown.label) or name.replace("_", " ").capitalize(),
        hint=str(shown.hint),
        section=str(shown.section),
        entries=shown.entries,
        suggestions=shown.suggestions,
        is_long=shown.is_long,
        may_be_empty=field.default is None,
        **more,
    )


def _sort(path: str, annotation: Any, shown: Shown) -> tuple[str, dict[str, Any]]:
    plain = plain_type(annotation)
    origin, inner = get_origin(plain), tuple(plain_type(each) for each in get_args(plain))
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return "section", {"model": plain}
    if origin is Literal:
        return "choice", {"choices": get_args(plain)}
    if origin is list and inner == (str,) and shown.entries:
        return "codes", {}
    if origin is dict and inner == (str, Decimal):
        return "amounts", {}
    if origin is tuple and inner == (str, str):
        return "span", {}
    if origin is tuple and get_origin(inner[0]) is Literal and inner[1] is Ellipsis:
        return "ticks", {"choices": get_args(inner[0])}
    if plain is str and shown.entries:
        return "code", {}
    if plain in SORTS:
        return SORTS[plain], {}
    raise TypeError(f"{path}: no input of a form is known for {annotation}")


def plain_type(annotation: Any) -> Any:
    """The type without what is written around it: Annotated[X, …] | None -> X"""
    origin = get_origin(annotation)
    if origin is Annotated:
        return plain_type(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        chosen = [each for each in get_args(annotation) if each is not type(None)]
        return plain_type(chosen[0]) if len(chosen) == 1 else annotation
    return annotation
