"""What a run, its items and a definition look like from outside, as plain data."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery, Sum

from lapwing.core.sql import rows
from lapwing.runs.definitions import latest
from lapwing.runs.execution import next_at
from lapwing.runs.kinds import RunKind, kinds
from lapwing.runs.models import Definition, DefinitionVersion, Run, RunExclusion, RunItem
from lapwing.runs.outcomes import counts, with_outcome
from lapwing.runs.states import RunState

ITEMS_AT_ONCE = 5_000


def summary(run: Run) -> dict[str, Any]:
    """The keys that `run start`, `run list` and `run show` give."""
    waits = run.planned_at if run.state == RunState.DRAFT else next_at(run)
    return {
        "run": run.pk,
        "definition": run.definition.alternative_code,
        "state": str(run.state),
        "code": run.code or None,
        "nominal_date": run.nominal_on.isoformat(),
        "version": run.version.version,
        **counts(run),
        "next_at": _iso(waits),
    }


def details(run: Run) -> dict[str, Any]:
    """The summary with everything else a run shows."""
    batches = run.batches.order_by("wave", "pk")
    speed = pace(run)
    return {
        **summary(run),
        "window_from": run.window_from.isoformat(),
        "undo_of": run.undo_of_id,
        "undone_by": [undo.pk for undo in run.undone_by.order_by("pk")],
        "submitted_by": run.submitted_by,
        "approved_by": run.approved_by or None,
        "planned_at": _iso(run.planned_at),
        "started_at": _iso(run.started_at),
        "ended_at": _iso(run.ended_at),
        "description": run.description or None,
        "reason": run.reason or None,
        "items_per_second": speed[0],
        "seconds_left": speed[1],
        "batches": [
            {
                "batch": number,
                "items": batch.items,
                "state": "done" if batch.finished else "waiting",
                "done": batch.done,
                "skipped": batch.skipped,
                "errors": batch.errors,
                "started_at": _iso(batch.started_at),
                "finished_at": _iso(batch.finished_at),
            }
            for number, batch in enumerate(batches, 1)
        ],
        "outcomes": outcomes(run),
    }


def outcomes(run: Run) -> dict[str, int]:
    """How many items ended how: done, pending, and each code."""
    found = counts(run)
    excluded = RunExclusion.objects.filter(run_id=run.pk).values_list("code").annotate(n=Count("subject_id"))
    told = {"done": found["done"], **dict(excluded.order_by("code")), "pending": found["pending"]}
    return {code: count for code, count in told.items() if count}


def undone(run: Run) -> dict[int, int]:
    """The runs that undid it, each with how many of its actions it reversed."""
    return {undo.pk: counts(undo)["done"] for undo in run.undone_by.order_by("pk")}


def pace(run: Run) -> tuple[float | None, float | None]:
    """Items per second while working, and the seconds of work left; None before the first batch."""
    worked = run.batches.filter(finished=True).aggregate(items=Sum("items"), seconds=Sum("took_s"))
    if not worked["items"] or not worked["seconds"]:
        return None, None
    rate = worked["items"] / worked["seconds"]
    return round(rate, 1), round(counts(run)["pending"] / rate, 1)


def items(run: Run) -> Iterator[dict[str, Any]]:
    """Every item of the frozen list in its order, with what became of it."""
    kind = kinds.get(run.definition.kind)
    listed = with_outcome(RunItem.objects.filter(run_id=run.pk)).order_by("subject_id")
    chunk: list[RunItem] = []
    for item in listed.iterator(chunk_size=ITEMS_AT_ONCE):
        chunk.append(item)
        if len(chunk) == ITEMS_AT_ONCE:
            yield from _named(kind, chunk)
            chunk = []
    yield from _named(kind, chunk)


def items_page(
    run: Run, *, outcome: str = "", code: str = "", subject: str = "", after: int = 0, limit: int = 100
) -> list[dict[str, Any]]:
    """One page of the frozen list in its order, each with `job`, where one followed from it. `after` is the `key` of
    the last item of the page before, `subject` the beginning of a number.
    """
    kind = kinds.get(run.definition.kind)
    listed = RunItem.objects.filter(run_id=run.pk, subject_id__gt=after)
    named = kind.find(subject) if subject else None
    if named is not None:
        listed = listed.filter(subject_id__in=named.values("pk"))
    if code or outcome in {"skipped", "error"}:
        wanted = {name: value for name, value in (("outcome", outcome), ("code", code)) if value}
        excluded = RunExclusion.objects.filter(run_id=run.pk, subject_id__gt=after, **wanted)
        if named is not None:
            excluded = excluded.filter(subject_id__in=named.values("pk"))
        keys = excluded.order_by("subject_id").values_list("subject_id", flat=True)[:limit]
        listed, outcome = listed.filter(subject_id__in=list(keys)), ""
    listed = with_outcome(listed).order_by("subject_id")
    found = list((listed.filter(outcome=outcome) if outcome else listed)[:limit])
    jobs = kind.jobs_of(run.pk, [item.subject_id for item in found])
    return [
        {"key": item.subject_id, "job": jobs.get(item.subject_id), **record}
        for item, record in zip(found, _named(kind, found), strict=True)
    ]


def amounts_of(items: QuerySet[RunItem]) -> dict[str, int]:
    """What is at stake in a set of items: sums in minor units by currency, each owner counted once."""
    owned = items.order_by().values("currency", "owner_id").annotate(minor=Max("amount_minor"))
    select, parameters = owned.values_list("currency", "minor").query.sql_with_params()
    summed = f"SELECT currency, SUM(minor) FROM ({select}) owned GROUP BY currency"
    return {currency: int(minor) for currency, minor in sorted(rows(summed, parameters))}


def _named(kind: RunKind, chunk: list[RunItem]) -> Iterator[dict[str, Any]]:
    names = kind.names([item.subject_id for item in chunk])
    owners = kind.owner_names({item.owner_id for item in chunk})
    for item in chunk:
        yield {
            kind.subject_column: names.get(item.subject_id, str(item.subject_id)),
            kind.owner_kind: owners.get(item.owner_id, str(item.owner_id)),
            "outcome": item.outcome,
            "code": item.code or None,
            "description": item.description or None,
            "amount_minor": item.amount_minor,
            "currency": item.currency,
        }


def definition_summary(definition: Definition) -> dict[str, Any]:
    """The keys of `definition list`."""
    return {
        "code": definition.alternative_code,
        "name": definition.name,
        "kind": definition.kind,
        "version": latest(definition).version,
        "state": str(definition.life_cycle_state),
    }


def definitions_page(
    *, text: str = "", kind: str = "", state: str = "", scheduled: str = "", after: str = "", limit: int = 100
) -> list[Definition]:
    """Definitions by code, with `newest_version`, `last_run` and `planned_run` (keys of runs). `scheduled` is yes or
    no: whether a run is planned; `after` is the code of the last one of the page before.
    """
    runs = Run.objects.filter(definition=OuterRef("pk"))
    planned = runs.filter(state=RunState.DRAFT)
    found = Definition.objects.filter(alternative_code__gt=after)
    if text:
        found = found.filter(Q(alternative_code__icontains=text) | Q(name__icontains=text))
    if kind:
        found = found.filter(kind=kind)
    if state:
        found = found.filter(life_cycle_state=state)
    if scheduled:
        found = found.filter(Exists(planned) if scheduled == "yes" else ~Exists(planned))
    versions = DefinitionVersion.objects.filter(definition=OuterRef("pk")).order_by("-version")
    begun = runs.exclude(state=RunState.DRAFT).order_by("-pk")
    told = found.annotate(
        newest_version=Subquery(versions.values("version")[:1]),
        last_run=Subquery(begun.values("pk")[:1]),
        planned_run=Subquery(planned.values("pk")[:1]),
    )
    return list(told.order_by("alternative_code")[:limit])


def scheduled_date(definition: Definition) -> date | None:
    """The latest of: last executed, next planned."""
    runs = definition.runs.filter(undo_of__isnull=True).exclude(state=RunState.CANCELLED)
    newest = runs.order_by("-nominal_on").first()
    return newest.nominal_on if newest else None


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


NEWEST_RUNS = 100


def newest_items_of(subject_kind: str, subject_id: int, limit: int) -> list[tuple[Run, RunItem]]:
    """The newest runs on whose frozen list a subject stands, with its item and outcome; so many runs are looked at."""
    of_kind = [kind.name for kind in kinds if kind.subject_kind == subject_kind]
    runs = Run.objects.filter(definition__kind__in=of_kind).select_related("definition").order_by("-pk")
    looked_at = {run.pk: run for run in runs[:NEWEST_RUNS]}
    items = with_outcome(RunItem.objects.filter(run_id__in=looked_at, subject_id=subject_id))
    return [(looked_at[item.run_id], item) for item in items.order_by("-run_id")[:limit]]
