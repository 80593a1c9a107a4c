"""The database itself refuses to change or delete an audit entry; the seal may be filled once."""

from django.db import migrations

from lapwing.core.vendor_sql import VendorSQL

SAID = (
    "id", "at", "recorded_at", "actor", "action", "subject_kind", "subject_id", "subject", "run_id", "reason",
    "before", "after",
)  # fmt: skip
SQLITE_CHANGED = " OR ".join(f'NEW."{column}" IS NOT OLD."{column}"' for column in SAID)
POSTGRESQL_CHANGED = " OR ".join(f'NEW."{column}" IS DISTINCT FROM OLD."{column}"' for column in SAID)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        VendorSQL(
            sqlite=[
                "CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_auditentry "
                "BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END",
                "CREATE TRIGGER audit_entry_unchanged BEFORE UPDATE ON audit_auditentry "
                f"WHEN OLD.seal_position IS NOT NULL OR {SQLITE_CHANGED} "
                "BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END",
            ],
            postgresql=[
                "CREATE FUNCTION lapwing_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN RAISE EXCEPTION 'audit entries are never changed or deleted'; END$$",
                "CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_auditentry "
                "FOR EACH ROW EXECUTE FUNCTION lapwing_audit_refuse()",
                "CREATE TRIGGER audit_entry_unchanged BEFORE UPDATE ON audit_auditentry FOR EACH ROW "
                f"WHEN (OLD.seal_position IS NOT NULL OR {POSTGRESQL_CHANGED}) "
                "EXECUTE FUNCTION lapwing_audit_refuse()",
            ],
        )
    ]
