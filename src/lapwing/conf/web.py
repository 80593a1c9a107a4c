"""The web part of the settings: apps, middleware, sign-in, security headers, the shell of the screens."""

import os

from lapwing.identity.openid import openid_settings
from lapwing.identity.proxies import VARIABLE, networks

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
# Names under which the screens are reached, apart from the machine itself.
HOSTS = [host.strip() for host in os.environ.get("LAPWING_HOSTS", "").split(",") if host.strip()]
ALLOWED_HOSTS = [*LOOPBACK, *HOSTS]
BEHIND_TLS = bool(HOSTS)  # whoever is reached by a name is reached through TLS
TRUSTED_PROXIES = networks(os.environ.get(VARIABLE, ""))  # whose X-Forwarded-For and -Proto count

# The screens' templates come before those of the libraries that they dress. Neither admin nor unfold looks for
# lists at start-up: a command that shows no screen pays nothing for them.
SCREEN_APPS = [
    "lapwing.backoffice",
    "unfold.apps.BasicAppConfig",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
]
# Sign-in by the organisation's OpenID provider, where one is named; elsewhere its library is not even loaded.
OIDC = openid_settings(os.environ)
if OIDC:
    SCREEN_APPS += ["allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"]
MIDDLEWARE = [
    "lapwing.backoffice.proxies.BelieveNamedProxies",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lapwing.backoffice.middleware.KeepNothing",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "lapwing.backoffice.middleware.ActAsWhoSignedIn",
    "lapwing.backoffice.middleware.RefuseHugeBodies",
    "lapwing.backoffice.middleware.TellRefusals",
    "lapwing.backoffice.sessions.NoteSessions",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "lapwing.conf.urls"
WSGI_APPLICATION = "lapwing.conf.wsgi.application"
APPEND_SLASH = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lapwing.backoffice.shell.shell",
            ]
        },
    }
]
# What the browser asks for, until the user chooses. English is what the code is written in.
USE_I18N = True
LANGUAGES = [("en", "English"), ("de", "Deutsch")]

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 60

# Sign-in: a password, then a second factor; nobody signs himself up, and no password is reset by mail.
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", **options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"OPTIONS": {"min_length": 12}}),
        ("CommonPasswordValidator", {}),
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "lapwing.backoffice.accounts.NobodySignsHimselfUp"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if BEHIND_TLS else "http"
# allauth counts attempts, and remembers used codes, in the cache: it is of all processes, as is what axes counts.
CACHES = {"default": {"BACKEND": "lapwing.identity.shared_cache.SharedCache"}}
# Passwords from one address: axes locks out sooner. From several, and second factors: only this.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/15m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Lapwing"
SOCIALACCOUNT_PROVIDERS = OIDC.providers() if OIDC else {}
SOCIALACCOUNT_ADAPTER = "lapwing.backoffice.openid.OurUsersOnly"
IMPORT_AT_MOST_MB = int(os.environ.get("LAPWING_IMPORT_MB") or 200)  # of one upload
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "lapwing.backoffice.accounts.name_tried"
AXES_LOCKOUT_TEMPLATE = "backoffice/locked_out.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
SILENCED_SYSTEM_CHECKS = ["axes.W003"]

PASSWORD_RESET_TIMEOUT = 24 * 3600  # seconds for which an administrator's link lets a password be chosen
SESSION_COOKIE_AGE = 12 * 3600  # a long working day
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in HOSTS]
SECURE_HSTS_SECONDS = 365 * 86_400 if BEHIND_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Alpine, on which unfold's shell stands, compiles the expressions in its attributes: unsafe-eval. See
# docs/decisions/0019. Nothing inline is allowed, neither scripts nor styles.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'", *([OIDC.origin] if OIDC else [])],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
UNFOLD = {
    "SITE_TITLE": "Lapwing",
    "SITE_HEADER": "Lapwing",
    "SITE_SYMBOL": "flight",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"show_search": True, "navigation": "lapwing.backoffice.navigation.navigation"},
    "STYLES": [],
}
