"""Writes a canary into every text column of every table: a text that would become an element, or run, where a page
takes it for markup.

What the code reads as one word of a closed list is left as it is (`CLOSED`), and so is what signs in. A table without
a row gets one, made from its columns.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction

from lapwing.audit.models import AuditEntry
from lapwing.core import clock

MARK = "canary"
LONG = f"""'"><img id={MARK} src=x onerror=alert(1)>"""  # without a slash: it serves as a code in paths
SCRIPT = f"{LONG}<script id={MARK}-script>alert(1)</script>"
SHORT = f'"><b id={MARK}>'
CLOSED = {
    *("type", "pool", "lease_token", "status", "subject_kind", "outcome", "token", "scope", "engine", "kind"),
    *("life_cycle_state", "state", "currency", "country", "calendar", "time_zone", "language", "connector"),
    *(
        "configuration",
        "sealed_secrets",
        "event",
        "behaviour",
        "from_state",
        "to_state",
        "reason_code",
        "source",
    ),
    *("provisioning_status", "billing_status", "change", "hash", "seal_hash", "list_hash", "password", "key"),
    "EmailTemplate.code",  # event and language
    *("content", "evidence", "tolerance_minor", "username", "unit", "role", "action", "message_id", "query"),
}
OURS = (
    "identity",
    "audit",
    "jobs",
    "runs",
    "lapwing_messages",
    "catalog",
    "customers",
    "receivables",
    "subscriptions",
)
NEVER = {"AuditChain", "Organisation", "Scheduler"}  # one row each, or nobody's texts


def write(keys: dict[str, Any]) -> dict[str, Any]:
    """Returns the keys under which the same things are found now, and under `written` how many columns there are."""
    found = {name: value for name, value in ((name, _where(value)) for name, value in keys.items()) if value}
    written = 0
    for model in _tables():
        if not model._default_manager.exists():
            _make(model)
        texts = list(_texts(model))
        for row in model._default_manager.all() if model is not AuditEntry else ():
            with transaction.atomic():
                values = {field.name: _text(field, row.pk) for field in texts}
                model._default_manager.filter(pk=row.pk).update(**values)
        written += len(texts)
    _audited()
    renamed = {name: getattr(model.objects.get(pk=pk), field) for name, (model, pk, field) in found.items()}
    return {**keys, **renamed, "written": written}


def _tables() -> list[type[models.Model]]:
    own = [model for label in OURS for model in apps.get_app_config(label).get_models()]
    return [model for model in own if model.__name__ not in NEVER]


def _texts(model: type[models.Model]) -> Iterator[models.Field]:
    for field in model._meta.concrete_fields:
        names = {field.name, f"{model.__name__}.{field.name}"}
        if names & CLOSED or field.choices or field.is_relation:
            continue
        is_text = isinstance(field, models.JSONField | models.CharField | models.TextField)
        if is_text and (field.max_length or 1_000) >= len(SHORT):
            yield field


def _text(field: models.Field, pk: Any) -> Any:
    if isinstance(field, models.JSONField):
        return [SCRIPT] if field.default is list else {LONG: SCRIPT}
    if field.unique or not isinstance(field, models.TextField):
        longest = field.max_length or 1_000
        return f"{LONG if longest > len(LONG) + 8 else SHORT}{pk if field.unique else ''}"
    return SCRIPT


def _where(value: Any) -> tuple[type[models.Model], Any, str] | None:
    """The row and the unique column in which a key of the base is found."""
    columns = ((model, field) for model in _tables() for field in model._meta.concrete_fields)
    for model, field in columns if isinstance(value, str) else ():
        if not (field.unique and isinstance(field, models.CharField)):
            continue
        if row := model._default_manager.filter(**{field.name: value}).first():
            return model, row.pk, field.name
    return None


def _make(model: type[models.Model]) -> None:
    """One row from its columns; where the database refuses it, the table stays empty."""
    values = {}
    for field in model._meta.concrete_fields:
        if field.primary_key or field.has_default():
            continue
        if field.is_relation:
            values[field.name] = field.related_model._default_manager.first()
        elif field.choices:
            values[field.name] = field.choices[0][0]
        elif isinstance(field, models.DateTimeField):
            values[field.name] = clock.now()
        elif isinstance(field, models.DateField):
            values[field.name] = clock.now().date() + timedelta(days=1)
        elif isinstance(field, models.IntegerField | models.DecimalField):
            values[field.name] = 1
        elif isinstance(field, models.JSONField):
            values[field.name] = {}
    try:
        with transaction.atomic():
            model._default_manager.bulk_create([model(**values)])
    except (IntegrityError, ValueError, TypeError):
        pass


def _audited() -> None:
    """The audit keeps what it has; it gets an entry more about each sort of subject."""
    for entry in AuditEntry.objects.order_by("subject_kind", "subject_id").distinct()[:50]:
        AuditEntry.objects.create(
            at=clock.now(),
            recorded_at=clock.now(),
            actor=LONG,
            action=entry.action,
            subject_kind=entry.subject_kind,
            subject_id=entry.subject_id,
            subject=LONG,
            reason=SCRIPT,
            before={LONG: SCRIPT},
            after={LONG: [SCRIPT]},
        )
