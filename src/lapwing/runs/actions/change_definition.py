"""Makes a definition effective or not effective, and deletes it."""

from django.db import transaction
from django.db.models import Q

from lapwing.audit.actions.record import record
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.runs.definitions import find
from lapwing.runs.models import Definition
from lapwing.runs.states import DefinitionState, RunState


@transaction.atomic
def set_definition_state(code: str, state: DefinitionState) -> Definition:
    """Only an effective definition can be submitted or started. The same state again changes nothing."""
    require(Permission.EDIT_DEFINITIONS)
    definition = Definition.objects.select_for_update().get(pk=find(code).pk)
    if definition.life_cycle_state != state:
        _record("definition.state", definition, {"state": definition.life_cycle_state}, {"state": str(state)})
        definition.life_cycle_state = state
        definition.save(update_fields=["life_cycle_state"])
    return definition


@transaction.atomic
def delete_definition(code: str) -> None:
    """Deletes all versions, with planned runs that were cancelled before they began. Raises Refused
    `definition_has_runs` while any version has a planned or executed run.
    """
    require(Permission.EDIT_DEFINITIONS)
    definition = Definition.objects.select_for_update().get(pk=find(code).pk)
    refuse_deletion(definition)
    _record("definition.delete", definition, {"name": definition.name}, {})
    definition.runs.all().delete()
    definition.delete()


def refuse_deletion(definition: Definition) -> None:
    """Raises Refused `definition_has_runs` while any version has a planned or executed run."""
    never_begun = Q(state=RunState.CANCELLED, started_at__isnull=True)
    runs = definition.runs.exclude(never_begun).values_list("pk", "state")
    if runs:
        named = ", ".join(f"{pk} ({state})" for pk, state in runs[:5])
        raise Refused(
            "definition_has_runs",
            f"definition {definition.alternative_code} cannot be deleted: it has the runs {named}; a run can be "
            "deleted only while it is draft (lapwing run delete RUN), or make the definition not effective",
        )


def _record(action: str, definition: Definition, before: dict, after: dict) -> None:
    record(
        action,
        kind="definition",
        subject_id=definition.pk,
        subject=definition.alternative_code,
        before=before,
        after=after,
    )
