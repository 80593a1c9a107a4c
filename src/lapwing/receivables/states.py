"""The lives of accounts and payments as tables."""

from lapwing.core.states import StateMachine
from lapwing.receivables.models import AccountState, PaymentState

PAYMENT = StateMachine(
    "payment",
    {
        (PaymentState.PENDING, "post"): PaymentState.POSTED,
        (PaymentState.PENDING, "fail"): PaymentState.FAILED,
        (PaymentState.POSTED, "reverse"): PaymentState.REVERSED,
    },
)

ACCOUNT = StateMachine(
    "account",
    {
        (AccountState.ACTIVE, "suspend"): AccountState.SUSPENDED,
        (AccountState.SUSPENDED, "reactivate"): AccountState.ACTIVE,
        (AccountState.ACTIVE, "terminate"): AccountState.TERMINATED,
        (AccountState.SUSPENDED, "terminate"): AccountState.TERMINATED,
    },
)
