"""Subscriptions that were there before license changes get their first one: the quantity is the sum of the changes."""

from django.db import migrations

FIRST = """
INSERT INTO subscriptions_licensechangelog (subscription_id, revision, event, quantity_delta, quantity, active,
    product_id, effective_on, source, provisioning_status, provisioning_code, provisioning_message,
    provider_reference, billing_status, recorded_by, recorded_at)
SELECT id, revision, 'create', quantity, quantity,
    CASE WHEN life_cycle_state IN ('effective', 'short_term_effective') THEN {true} ELSE {false} END,
    product_id, {on}, 'import', 'not_applicable', '', '', '', 'active', created_by, created_at
FROM subscriptions_subscription
"""


def write_first_changes(apps, schema_editor) -> None:
    postgresql = schema_editor.connection.vendor == "postgresql"
    words = {"true": "true", "false": "false"} if postgresql else {"true": "1", "false": "0"}
    on = "CAST(created_at AS date)" if postgresql else "date(created_at)"
    schema_editor.execute(FIRST.format(on=on, **words))


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0003_license_changes")]
    operations = [migrations.RunPython(write_first_changes, migrations.RunPython.noop)]
