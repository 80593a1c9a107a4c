"""What each role may do: the one table that actions enforce and screens ask."""

from enum import StrEnum

from django.db.models import TextChoices


class Role(TextChoices):
    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    BILLING_MANAGER = "billing_manager"
    PROVISIONING_MANAGER = "provisioning_manager"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    VIEW = "view"
    CHANGE_ACCOUNTS = "change_accounts"
    POST_PAYMENTS = "post_payments"
    CHANGE_SUBSCRIPTIONS = "change_subscriptions"
    EDIT_DEFINITIONS = "edit_definitions"
    CONDUCT_RUNS = "conduct_runs"
    APPROVE_RUNS = "approve_runs"
    STEER_JOBS = "steer_jobs"
    PROVISION = "provision"
    IMPORT = "import"
    ADMINISTER = "administer"


_OPERATOR = {
    Permission.VIEW,
    Permission.CHANGE_ACCOUNTS,
    Permission.POST_PAYMENTS,
    Permission.CHANGE_SUBSCRIPTIONS,
    Permission.EDIT_DEFINITIONS,
    Permission.CONDUCT_RUNS,
    Permission.STEER_JOBS,
}

GRANTS: dict[str, set[Permission]] = {
    Role.VIEWER: {Permission.VIEW},
    Role.OPERATOR: _OPERATOR,
    Role.APPROVER: {Permission.VIEW, Permission.APPROVE_RUNS},
    Role.BILLING_MANAGER: {
        Permission.VIEW,
        Permission.CHANGE_ACCOUNTS,
        Permission.POST_PAYMENTS,
        Permission.STEER_JOBS,
        Permission.IMPORT,
    },
    Role.PROVISIONING_MANAGER: {
        Permission.VIEW,
        Permission.CHANGE_SUBSCRIPTIONS,
        Permission.STEER_JOBS,
        Permission.PROVISION,
    },
    Role.ADMINISTRATOR: set(Permission),
}
