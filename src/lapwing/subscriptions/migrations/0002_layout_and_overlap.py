"""What Django's models cannot say: no two billing terms overlap, and rows leave room for updates in place."""

from django.db import migrations

from lapwing.core.vendor_sql import VendorSQL

OVERLAP = (
    "SELECT RAISE(ABORT, 'billing terms overlap') WHERE EXISTS ("
    "SELECT 1 FROM subscriptions_billingterm t WHERE t.subscription_id = NEW.subscription_id AND t.id IS NOT NEW.id "
    "AND t.valid_from <= COALESCE(NEW.valid_to, '9999-12-31') "
    "AND COALESCE(t.valid_to, '9999-12-31') >= NEW.valid_from);"
)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial")]
    operations = [
        VendorSQL(
            sqlite=[
                f"CREATE TRIGGER billing_terms_overlap_insert AFTER INSERT ON subscriptions_billingterm BEGIN {OVERLAP} END",
                f"CREATE TRIGGER billing_terms_overlap_update AFTER UPDATE ON subscriptions_billingterm BEGIN {OVERLAP} END",
            ],
            postgresql=[
                # The one-number range stands for equality, which GiST has only through an extension.
                "ALTER TABLE subscriptions_billingterm ADD CONSTRAINT billing_terms_overlap EXCLUDE USING gist ("
                "int8range(subscription_id, subscription_id, '[]') WITH &&, "
                "daterange(valid_from, valid_to, '[]') WITH &&)",
                "ALTER TABLE subscriptions_subscription SET (fillfactor = 70)",
            ],
        )
    ]
