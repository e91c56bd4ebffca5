"""Settings, all from the environment; a wrong value stops the start and names itself.

`.env.example` and the README list every variable. Nothing is read from files. Without DATABASE_URL and REDIS_URL the
servers of `embedded.py` are used: `manage.py` starts them before this module is read.
"""

from __future__ import annotations

import sys
import zoneinfo
from pathlib import Path

import environ
from celery.schedules import crontab
from cryptography.fernet import Fernet
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Exchange, Queue

from config.program import program

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def _typed(name: str, kind: type, default: object) -> object:
    try:
        return env.get_value(name, cast=kind, default=default)
    except (ValueError, TypeError) as wrong:
        raise ImproperlyConfigured(f"{name}={env.str(name)!r} is not a valid {kind.__name__}.") from wrong


def _flag(name: str, *, default: bool) -> bool:
    word = env.str(name, default="").strip().lower()
    if word in ("", "0", "1", "false", "true", "no", "yes", "off", "on"):
        return default if word == "" else word in ("1", "true", "yes", "on")
    raise ImproperlyConfigured(f"{name}={word!r} is neither true nor false. Write 1 or 0.")


def _number(name: str, *, default: int, least: int = 0) -> int:
    number = int(_typed(name, int, default))  # type: ignore[call-overload]  # typed like its default
    if number < least:
        raise ImproperlyConfigured(f"{name}={number} is too small; the least is {least}.")
    return number


# --- what runs -------------------------------------------------------------------------------------------------------

DEBUG = _flag("DEBUG", default=False)
DEMO = _flag("PLUMBLINE_DEMO", default=False)  # sample people, each signed in by one button
SECRET_KEY = env.str("SECRET_KEY", default="only-for-development" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Make one: python -c 'import secrets; print(secrets.token_hex(32))'"
    )
if DEMO and not DEBUG:
    raise ImproperlyConfigured("PLUMBLINE_DEMO=1 opens the sample accounts to everyone, so it needs DEBUG=1.")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "config",
    "stakeholders",
    "delivery",
    "metrics",
    "teams",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "pghistory",
    "pgtrigger",
    "rest_framework",
    "template_partials",
    "tree_queries",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.shell_error_pages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.middleware.WhoAndWhere",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.shell.shell",
            ],
            "builtins": ["teams.templatetags.ui"],
        },
    }
]

# --- PostgreSQL and Redis --------------------------------------------------------------------------------------------

# the address of nothing: a command started around manage.py says so instead of reaching some other server
DATABASE_URL = env.str("DATABASE_URL", default="postgres://nobody@/none?host=/no-database-set-DATABASE_URL")
try:
    DATABASES = {"default": env.db_url_config(DATABASE_URL)}
except (ValueError, ImproperlyConfigured) as wrong:
    raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {wrong}") from wrong
if DATABASES["default"].get("ENGINE") != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL server: postgres://user:password@host:5432/name")
DATABASES["default"] |= {"ATOMIC_REQUESTS": False, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
# what the audit trail names as the origin of a write that belongs to no request and no task
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("application_name", program(sys.argv))

REDIS_URL = env.str("REDIS_URL", default="redis://no-redis-set-REDIS_URL.invalid:1/0")
if not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured(f"REDIS_URL={REDIS_URL!r} must begin with redis://, rediss:// or unix://.")
CACHES = {"default": {"BACKEND": "config.cache.ForgivingRedis", "LOCATION": REDIS_URL}}

# --- work ------------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1860,  # over twice the longest limit; what was lost is found by beat long before
    "unacked_restore_interval": 5,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "plumbline"
# by the exchange without a name a message goes straight to its queue; any other keeps its bindings in Redis, and after
# Redis was wiped nothing could be sent until a worker started anew
CELERY_TASK_QUEUES = [Queue("plumbline", Exchange(""), routing_key="plumbline")]
CELERY_TASK_DEFAULT_EXCHANGE = ""
CELERY_TASK_DEFAULT_ROUTING_KEY = "plumbline"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "wake-due-streams": {"task": "metrics.tasks.wake_due_streams", "schedule": 5.0, "options": {"expires": 10}},
    "sweep-inbox": {"task": "metrics.tasks.sweep_inbox", "schedule": 10.0, "options": {"expires": 10}},
    "forecast-if-needed": {"task": "delivery.tasks.forecast_if_needed", "schedule": 5.0, "options": {"expires": 10}},
    "forecast-nightly": {"task": "delivery.tasks.forecast_nightly", "schedule": crontab(hour=3, minute=10)},
    "prune-raw": {"task": "metrics.tasks.prune_raw", "schedule": crontab(hour=4, minute=20)},
    "seal-audit": {"task": "stakeholders.tasks.seal_audit", "schedule": 10.0, "options": {"expires": 10}},
    "keep-week": {"task": "stakeholders.tasks.keep_week", "schedule": crontab(minute=20)},
    "run-report-schedules": {
        "task": "stakeholders.tasks.run_schedules",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "deliver-reports": {"task": "stakeholders.tasks.deliver_reports", "schedule": 15.0, "options": {"expires": 15}},
    "make-renderings": {"task": "stakeholders.tasks.make_renderings", "schedule": 5.0, "options": {"expires": 10}},
    "rebuild-dirty-weeks": {"task": "metrics.tasks.rebuild_dirty_weeks", "schedule": 10.0, "options": {"expires": 10}},
}

# --- the organisation ------------------------------------------------------------------------------------------------

ORGANISATION = env.str("PLUMBLINE_ORGANISATION", default="Our organisation")
CURRENCY = env.str("PLUMBLINE_CURRENCY", default="USD").upper()  # of budgets; others are refused, never added up
if len(CURRENCY) != 3 or not CURRENCY.isalpha():
    raise ImproperlyConfigured(f"PLUMBLINE_CURRENCY={CURRENCY!r} is no currency. Write three letters, such as USD.")
ADDRESS = env.str("PLUMBLINE_ADDRESS", default="").rstrip("/")  # where people reach it: for links that leave the site
if ADDRESS and not ADDRESS.startswith(("https://", "http://")):
    raise ImproperlyConfigured(
        f"PLUMBLINE_ADDRESS={ADDRESS!r} is no address. Write one such as https://plumbline.example."
    )
TIME_ZONE = env.str("PLUMBLINE_TIME_ZONE", default="UTC")  # where days and weeks begin
try:
    ORGANISATION_ZONE = zoneinfo.ZoneInfo(TIME_ZONE)
except (zoneinfo.ZoneInfoNotFoundError, ValueError) as wrong:
    raise ImproperlyConfigured(
        f"PLUMBLINE_TIME_ZONE={TIME_ZONE!r} is not a time zone. Write one such as Europe/Lisbon."
    ) from wrong
USE_TZ = True
USE_I18N = False
LANGUAGE_CODE = "en-gb"

# --- sources ---------------------------------------------------------------------------------------------------------

PROVIDERS = {
    "git": "metrics.providers.git.GitProvider",
    "github": "metrics.providers.github.GitHubProvider",
    "gitlab": "metrics.providers.gitlab.GitLabProvider",
    "jenkins": "metrics.providers.jenkins.JenkinsProvider",
    "alertmanager": "metrics.providers.alertmanager.AlertmanagerProvider",
    "cdevents": "metrics.providers.cdevents.CDEventsProvider",
    "rest": "metrics.providers.rest.RestProvider",
    "csv": "metrics.providers.csv_file.CsvProvider",
    "jira": "metrics.providers.jira.JiraProvider",
    "pagerduty": "metrics.providers.pagerduty.PagerDutyProvider",
}
if DEMO:
    PROVIDERS["sample"] = "config.demo.provider.SampleProvider"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Plumbline",
    "DESCRIPTION": "Send deployments, changes, pipeline runs and incidents. docs/api.md tells it with examples.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
}
SOURCE_KEYS = env.list("PLUMBLINE_SOURCE_KEYS", default=[])  # Fernet keys, newest first, for provider tokens
for _key in SOURCE_KEYS:
    try:
        Fernet(_key)
    except (ValueError, TypeError) as wrong:
        raise ImproperlyConfigured(f"PLUMBLINE_SOURCE_KEYS holds something that is no Fernet key: {wrong}") from wrong
SOURCE_LOCAL_PATHS = env.list("PLUMBLINE_LOCAL_REPOSITORIES", default=[])  # folders from which a path may be read
SOURCE_INSECURE_HOSTS = env.list("PLUMBLINE_ALLOWED_HOSTS_FOR_SOURCES", default=[])
CLONES_DIR = Path(env.str("PLUMBLINE_CLONES", default=str(BASE_DIR / ".plumbline" / "clones")))
REPORT_CACHE = Path(env.str("PLUMBLINE_CACHE", default=str(BASE_DIR / ".plumbline" / "cache")))  # fonts, unpacked once
_fonts = env.str("PLUMBLINE_FONTS", default="")  # a folder of .ttf or .otf files for scripts that Inter lacks
REPORT_FONTS = Path(_fonts) if _fonts else None
LEASE_SECONDS = _number("PLUMBLINE_LEASE_SECONDS", default=60, least=2)  # renewed while a reader is alive
READ_EVERY_SECONDS = _number("PLUMBLINE_READ_EVERY", default=900, least=10)
# what other apps know of a team, beside what sources tell: a title, and a function from teams and now to cells
COVERAGE_OF_OTHERS = [("Dates", "stakeholders.coverage.dates")]
# what other apps know of a commitment, for its page: functions from a user and a commitment to groups of lines
BESIDE_A_COMMITMENT = ["stakeholders.registers.beside.of_commitment"]
COVERAGE_GATE = _number("PLUMBLINE_COVERAGE_GATE", default=80)  # percent of the code that tests must reach to merge
KEEP_RAW_DAYS = _number("PLUMBLINE_KEEP_RAW_DAYS", default=400)  # the words that facts came from; 0: for ever
INCIDENT_WINDOW_HOURS = _number("PLUMBLINE_INCIDENT_WINDOW_HOURS", default=24, least=1)

# --- the audit trail -------------------------------------------------------------------------------------------------

# signatures and the trail: the first seals, all of them prove; who can write rows still cannot make a seal
SEAL_KEYS = env.list("PLUMBLINE_SEAL_KEY", default=["only-for-development-" + SECRET_KEY] if DEBUG else [])
if any(len(_key) < 32 for _key in SEAL_KEYS):
    raise ImproperlyConfigured(
        "PLUMBLINE_SEAL_KEY holds a key shorter than 32 characters. "
        "Make one: python -c 'import secrets; print(secrets.token_hex(32))'"
    )
SEAL_ANCHOR = env.str("PLUMBLINE_SEAL_ANCHOR", default="")  # a file outside the database that knows each seal

# --- people ----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
SAMPLE_PASSWORD = "sample-plumbline" if DEMO else ""  # the sample people sign in by a button; signing asks again
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are added by an administrator; nobody signs up by themselves
ACCOUNT_ADAPTER = "teams.login.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
try:
    EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
except (ValueError, KeyError, ImproperlyConfigured) as wrong:
    raise ImproperlyConfigured(f"EMAIL_URL cannot be read: {wrong}") from wrong
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="plumbline@localhost")
EMAIL_TIMEOUT = _number("EMAIL_TIMEOUT", default=20, least=1)  # seconds for each answer of the mail server
MESSAGE_HOSTS = env.list("PLUMBLINE_ALLOWED_HOSTS_FOR_MESSAGES", default=[])  # besides those of Slack and Teams

# --- pages and files -------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))


def _packaged(package: str, folder: str) -> tuple[str, str]:
    """A folder of a Python package as static files under the package's name."""
    import importlib.util

    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ImproperlyConfigured(f"The package {package} is not installed. Install requirements.lock.")
    return package, str(Path(spec.origin).parent / folder)


STATICFILES_DIRS = [BASE_DIR / "static", _packaged("plotly", "package_data")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = False

# --- security --------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ("/admin/",),  # unfold's pages use Alpine, which evaluates expressions
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, "'unsafe-inline'"],  # plotly writes style attributes
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "plumbline"
if not DEBUG:
    SECURE_PROXY_SSL_HEADER = (
        ("HTTP_X_FORWARDED_PROTO", "https") if _flag("TRUST_PROXY_HEADER", default=False) else None
    )
    SECURE_SSL_REDIRECT = _flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_HSTS_SECONDS = _number("SECURE_HSTS_SECONDS", default=31_536_000)
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for the names below ours is for who owns them to decide,
    "security.W021",  # and so are the browsers' preload lists
]

PGHISTORY_DEFAULT_TRACKERS = None
UNFOLD = {"SITE_TITLE": "Plumbline", "SITE_HEADER": "Plumbline", "SITE_URL": "/", "SITE_SYMBOL": "straighten"}

# --- logs ------------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
    raise ImproperlyConfigured(f"LOG_LEVEL={LOG_LEVEL!r} must be DEBUG, INFO, WARNING, ERROR or CRITICAL.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"events": {"()": "config.logs.formatter", "as_json": not DEBUG}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "events"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"django.request": {"level": "ERROR"}, "celery.utils.functional": {"level": "WARNING"}},
}
