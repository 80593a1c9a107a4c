"""Every code of an item or a run, with its meaning and the next step. docs/codes.md is made from this table."""

from dataclasses import dataclass

from django.apps import apps
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Code:
    code: str
    of: str  # item, run
    meaning: str
    next_step: str


RUN_CODES = (
    Code("by_person", "run", "a person paused or cancelled the run", "resume it, or leave it ended"),
    Code("canary", "run", "the canary is done and waits for a look", "look at its items, then resume or cancel"),
    Code("safety_brake", "run", "a limit would be passed, so nothing was changed",
         "read the description; somebody else approves it, or cancel it and narrow the criteria"),
    Code("approval_required", "run", "the definition requires approval for every run",
         "somebody who neither submitted the run nor edited the definition approves it within 24 hours"),
    Code("approval_expired", "run", "nobody approved it within 24 hours", "start or plan it again"),
    Code("superseded", "run", "a later version of the definition was submitted", "nothing to do"),
    Code("definition_not_effective", "run", "the definition was not effective when the time came",
         "make it effective and submit it again"),
    Code("selection_failed", "run", "the list could not be made; nothing was changed",
         "read the description, mend the definition or the data, then resume"),
    Code("batch_failed", "run", "the job of a batch failed six times; what was done stays done",
         "read the description, mend the cause, then resume"),
    Code("database_lost", "run", "the database went away and did not come back in time",
         "when it is back, resume: the run goes on where it stopped"),
)  # fmt: skip
ITEM_CODES = (
    Code("changed_since", "item", "it has changed since the run that is being undone; it was left alone",
         "look at it and decide by hand"),
    Code("action_failed", "item", "the change itself failed; nothing of it was kept",
         "read the description and mend the cause; the next run tries again"),
)  # fmt: skip


def all_codes() -> list[Code]:
    """Ours and those that run kinds bring (`run_kinds.codes.CODES`)."""
    found = [*RUN_CODES, *ITEM_CODES]
    for app in apps.get_app_configs():
        if app.label == "run_kinds":
            found += import_string(f"{app.name}.codes.CODES")
    return found


def meaning(code: str) -> str:
    return next((each.meaning for each in all_codes() if each.code == code), "")
