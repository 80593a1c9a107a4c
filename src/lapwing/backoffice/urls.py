"""The map of the screens. A URL that is not in the matrix of roles (tests/backoffice) fails the tests."""

from allauth.account import views as account
from django.urls import include, path

from lapwing.backoffice.records import register
from lapwing.backoffice.site import site
from lapwing.backoffice.views import (
    accounts,
    customers,
    definitions,
    health,
    home,
    job_steps,
    jobs,
    providers,
    run_items,
    run_steps,
    runs,
    search,
    steps,
    subscription_steps,
    subscriptions,
    switches,
)

register()
urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("healthz", health.healthz, name="healthz"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("jobs/<int:number>/", jobs.job_detail, name="job"),
    path("jobs/types/", switches.job_type_list, name="job_types"),
    path("jobs/types/<slug:scope>/<slug:step>/", switches.job_type_switch, name="job_type_switch"),
    path("scheduler/<slug:step>/", switches.scheduler_switch, name="scheduler_switch"),
    path("jobs/steps/", job_steps.job_steps, name="job_steps"),
    path("runs/", runs.run_list, name="runs"),
    path("runs/<int:number>/", runs.run_console, name="run"),
    path("runs/<int:number>/live/", runs.run_live, name="run_live"),
    path("runs/<int:number>/items/", run_items.run_items, name="run_items"),
    path("runs/<int:number>/items.csv", run_items.run_items_csv, name="run_items_csv"),
    path("runs/<int:number>/steps/<slug:step>/", run_steps.run_step, name="run_step"),
    path("definitions/", definitions.definition_list, name="definitions"),
    path("definitions/<str:code>/", definitions.definition_detail, name="definition"),
    path("definitions/<str:code>/preview/", definitions.definition_preview, name="definition_preview"),
    path("definitions/<str:code>/explain/", definitions.definition_explain, name="definition_explain"),
    path("definitions/<str:code>/steps/<slug:step>/", definitions.definition_step, name="definition_step"),
    path("subscriptions/", subscriptions.subscription_list, name="subscriptions"),
    path("subscriptions/<path:number>/", subscriptions.subscription_detail, name="subscription"),
    path(
        "subscription-steps/<slug:behaviour>/", subscription_steps.subscription_step, name="subscription_step"
    ),
    # Accounts, customers, providers, and the steps on them
    path("accounts/", accounts.account_list, name="accounts"),
    path("accounts/<path:number>/", accounts.account_detail, name="account"),
    path("customers/", customers.customer_list, name="customers"),
    path("customers/<path:number>/", customers.customer_detail, name="customer"),
    path("providers/", providers.provider_list, name="providers"),
    path("providers/<path:code>/", providers.provider_detail, name="provider"),
    path("provider-accounts/", providers.provider_account_list, name="provider_accounts"),
    path("scheduled-changes/", subscriptions.scheduled_change_list, name="scheduled_changes"),
    path("steps/<slug:sort>/<slug:name>/", steps.step, name="step"),
    path("account/login/", account.login, name="account_login"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("account/mfa/", include("allauth.mfa.urls")),
    path("records/", site.urls),
]
