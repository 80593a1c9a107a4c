"""A scheduled change keeps the subscription's revision at which its merge failed; of those that failed before, it is the
last one of that instant.
"""

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def find_revisions(apps, schema_editor) -> None:
    Action = apps.get_model("subscriptions", "SubscriptionAction")
    Scheduled = apps.get_model("subscriptions", "ScheduledLicenseChangeLog")
    until_then = Action.objects.filter(
        subscription=OuterRef("subscription"), state="executed", executed_at__lte=OuterRef("updated_at")
    )
    last = Subquery(until_then.order_by("-revision").values("revision")[:1])
    Scheduled.objects.filter(status="merge_failed").update(failed_revision=last)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0006_rare_states")]
    operations = [
        migrations.AddField(
            model_name="scheduledlicensechangelog",
            name="failed_revision",
            field=models.IntegerField(null=True),
        ),
        migrations.RunPython(find_revisions, migrations.RunPython.noop),
    ]
