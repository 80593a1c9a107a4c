"""The map of the screens. A URL that is not in the matrix of roles (tests/backoffice) fails the tests."""

from allauth.account import views as account
from django.conf import settings as settings_of_django
from django.urls import include, path

from lapwing.backoffice.records import register
from lapwing.backoffice.site import site
from lapwing.backoffice.views import (
    accounts,
    audit,
    customers,
    definition_drafts,
    definition_entry,
    definition_versions,
    definitions,
    email_templates,
    health,
    home,
    imports,
    job_causes,
    job_health,
    job_steps,
    jobs,
    my,
    palette,
    preferences,
    provider_entry,
    providers,
    run_items,
    run_steps,
    runs,
    saved_filters,
    search,
    settings,
    steps,
    subscription_steps,
    subscriptions,
    switches,
    users,
)
from lapwing.identity.openid import PROVIDER

register()
urlpatterns = [
    path("", home.home, name="home"),
    path("palette/", palette.palette, name="palette"),
    path("search/", search.search, name="search"),
    path("healthz", health.healthz, name="healthz"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("saved-filters/<slug:list_name>/", saved_filters.saved_filter, name="saved_filter"),
    path("jobs/", jobs.job_list, name="jobs"),
    path("live/", home.home_live, name="home_live"),
    path("jobs/causes/", job_causes.job_causes, name="job_causes"),
    path("jobs/health/", job_health.job_health, name="job_health"),
    path("jobs/health/live/", job_health.job_health_live, name="job_health_live"),
    path("jobs/limits/<slug:scope>/", switches.job_limit, name="job_limit"),
    path("jobs/<int:number>/", jobs.job_detail, name="job"),
    path("jobs/types/", switches.job_type_list, name="job_types"),
    path("jobs/types/<slug:scope>/<slug:step>/", switches.job_type_switch, name="job_type_switch"),
    path("scheduler/<slug:step>/", switches.scheduler_switch, name="scheduler_switch"),
    path("jobs/steps/", job_steps.job_steps, name="job_steps"),
    path("runs/", runs.run_list, name="runs"),
    path("runs/<int:number>/", runs.run_console, name="run"),
    path("runs/<int:number>/live/", runs.run_live, name="run_live"),
    path("runs/<int:number>/items/", run_items.run_items, name="run_items"),
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
    # administration
    path("users/", users.user_list, name="users"),
    path("new-user/", users.user_new, name="user_new"),
    path("users/<str:name>/", users.user_detail, name="user"),
    path("users/<str:name>/steps/<slug:step>/", users.user_step, name="user_step"),
    path("email-templates/", email_templates.template_list, name="email_templates"),
    path("new-email-template/", email_templates.template_new, name="email_template_new"),
    path(
        "email-templates/preview/<slug:event>/",
        email_templates.template_preview,
        name="email_template_preview",
    ),
    path(
        "email-templates/preview/<slug:event>/html/",
        email_templates.template_preview_html,
        name="email_template_preview_html",
    ),
    path("email-templates/<str:code>/", email_templates.template_editor, name="email_template"),
    path(
        "email-templates/<str:code>/steps/<slug:step>/",
        email_templates.template_step,
        name="email_template_step",
    ),
    path("settings/", settings.settings_form, name="settings"),
    path("audit/", audit.audit_list, name="audit"),
    path("audit/chain/", audit.audit_chain, name="audit_chain"),
    path("audit/check/", audit.audit_check, name="audit_check"),
    path("audit/<int:number>/", audit.audit_detail, name="audit_entry"),
    path("imports/", imports.import_list, name="imports"),
    path("imports/<int:number>/", imports.import_detail, name="import"),
    path("imports/<int:number>/live/", imports.import_live, name="import_live"),
    path("imports/<int:number>/errors.csv", imports.import_errors_csv, name="import_errors_csv"),
    path("imports/<int:number>/steps/<slug:step>/", imports.import_step, name="import_step"),
    path("my/sign-in/", my.my_sign_in, name="my_sign_in"),
    path("my/sessions/end/", my.my_sessions_end, name="my_sessions_end"),
    path("my/password/", my.my_password, name="my_password"),
    path("account/password/<str:user>/<str:token>/", my.choose_password_by_link, name="choose_password"),
    # end of administration
    # Accounts, customers, providers, and the steps on them
    path("accounts/", accounts.account_list, name="accounts"),
    path("accounts/<path:number>/", accounts.account_detail, name="account"),
    path("customers/", customers.customer_list, name="customers"),
    path("customers/<path:number>/", customers.customer_detail, name="customer"),
    path("providers/", providers.provider_list, name="providers"),
    path("providers/<path:code>/", providers.provider_detail, name="provider"),
    path("new-provider/", provider_entry.provider_new, name="provider_new"),
    path("provider-settings/<path:code>/", provider_entry.provider_edit, name="provider_edit"),
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
if settings_of_django.OIDC:
    from lapwing.backoffice.views import openid

    named = {"provider_id": PROVIDER}  # allauth looks its URLs up by it
    urlpatterns += [
        path("account/openid/login/", openid.openid_login, named, name="openid_connect_login"),
        path("account/openid/callback/", openid.openid_callback, named, name="openid_connect_callback"),
    ]
