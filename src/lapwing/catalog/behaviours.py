"""The behaviours that an action on a subscription can have."""

from django.db.models import TextChoices


class Behaviour(TextChoices):
    OPENING = "opening"
    ACTIVATE = "activate_subscription"
    DEACTIVATE = "deactivate_subscription"
    EXTEND_GRACE = "extend_grace_period"
    REST = "rest_subscription"
    END_RESTING = "end_subscription_resting"
    SHORT_TERM_DEACTIVATE = "short_term_deactivate"
    END_SHORT_TERM_DEACTIVATION = "end_short_term_deactivation"
    SHORT_TERM_ACTIVATE = "short_term_activate"
    END_SHORT_TERM_ACTIVATION = "end_short_term_activation"
    CANCEL = "cancel_subscription"
    REGRET = "regret_subscription"
    REPLACE = "replace_subscription"
    AMEND_BILLING_TERM = "amend_billing_term"
    CHANGE_QUANTITY = "change_quantity"
    SWAP_PRODUCT = "swap_product"
    CHANGE_ACCOUNT = "change_account"
