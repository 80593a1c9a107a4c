"""The map of the screens. A URL that is not in the matrix of roles (tests/backoffice) fails the tests."""

from allauth.account import views as account
from django.urls import include, path

from lapwing.backoffice.records import register
from lapwing.backoffice.site import site
from lapwing.backoffice.views import (
    definition_drafts,
    definition_entry,
    definition_versions,
    definitions,
    health,
    home,
    job_steps,
    jobs,
    run_items,
    run_steps,
    runs,
    search,
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
    path("definitions/<str:code>/edit/", definition_entry.definition_edit, name="definition_edit"),
    path(
        "definitions/<str:code>/versions/",
        definition_versions.definition_versions,
        name="definition_versions",
    ),
    path("new-definition/", definition_entry.new_definition, name="new_definition"),
    path("draft/<slug:kind_name>/", definition_drafts.draft_live, name="draft_live"),
    path("draft/<slug:kind_name>/explain/", definition_drafts.draft_explain, name="draft_explain"),
    path("draft/<slug:kind_name>/choices/", definition_drafts.draft_choices, name="draft_choices"),
    path("subscriptions/", subscriptions.subscription_list, name="subscriptions"),
    path("subscriptions/<path:number>/", subscriptions.subscription_detail, name="subscription"),
    path(
        "subscription-steps/<slug:behaviour>/", subscription_steps.subscription_step, name="subscription_step"
    ),
    path("account/login/", account.login, name="account_login"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("account/mfa/", include("allauth.mfa.urls")),
    path("records/", site.urls),
]
