"""A migration step written for each database in its own words."""

from django.db.migrations.operations.base import Operation


class VendorSQL(Operation):
    """Statements by vendor (`sqlite`, `postgresql`); a vendor left out needs nothing."""

    reversible = False

    def __init__(self, **statements: list[str]) -> None:
        self.statements = statements

    def state_forwards(self, app_label, state) -> None:
        pass

    def database_forwards(self, app_label, schema_editor, from_state, to_state) -> None:
        for statement in self.statements.get(schema_editor.connection.vendor, []):
            schema_editor.execute(statement)

    def describe(self) -> str:
        return "SQL for " + " and ".join(self.statements)
