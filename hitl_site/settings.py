"""Every setting, read from the environment. Development needs no variable and no service."""

import os
from pathlib import Path

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from hitl_site import databases, embedded, env, logs, outgoing, secret

django_stubs_ext.monkeypatch()  # lets annotations like ModelAdmin[Run], which the type checker wants, run

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).absolute()  # database, sockets and keys of a development machine
(VAR / "run").mkdir(parents=True, exist_ok=True)

# --- Development or production -----------------------------------------------------------------------------------
DEVELOPMENT = env.flag("DEBUG", default=True)
DEBUG = env.flag("DEBUG", default=False)  # only when asked for: technical error pages show source and settings
PORT = env.number("PORT", 8000, least=1, most=65535)  # where development serves; production listens where it is told
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
if DEVELOPMENT:
    SECRET_KEY = env.text("SECRET_KEY") or secret.kept_in(VAR / "secret_key")
    ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", LOCAL_HOSTS)
    SITE_ORIGINS = env.origins("SITE_ORIGINS", [f"http://{host}:{PORT}" for host in LOCAL_HOSTS])
else:
    SECRET_KEY = env.required("SECRET_KEY", "Sessions are signed with it: 50 or more random characters, kept secret.")
    env.required("ALLOWED_HOSTS", "Name the hosts people open, like desk.example.org.")
    ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
    env.required("SITE_ORIGINS", "Name the addresses people open, like https://desk.example.org.")
    SITE_ORIGINS = env.origins("SITE_ORIGINS")  # also the only pages whose websockets we answer
HTTPS = all(origin.startswith("https://") for origin in SITE_ORIGINS)

# --- Parts ---------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "hitl_site",
    "reviews",
    "agents_runtime",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
]
MIDDLEWARE = [
    "hitl_site.health.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "reviews.web.visible.NothingHidden",
    "hitl_site.unstorable.RefuseNul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hitl_site.headers.ExtraHeaders",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "reviews.web.clock.TellTheClock",
    "hitl_site.away.DatabaseAway",
]
ROOT_URLCONF = "hitl_site.urls"
ASGI_APPLICATION = "hitl_site.asgi.application"
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
                "reviews.web.context.desk",
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Database: PostgreSQL by address, else one SQLite file ---------------------------------------------------------
DATABASES = {
    "default": databases.read(
        "DATABASE_URL",
        databases.sqlite_url(VAR / "db.sqlite3"),
        connections=env.number("DATABASE_CONNECTIONS", databases.CONNECTIONS_PER_PROCESS, least=1, most=1000),
    )
}

# --- Redis or Valkey: websocket bells, cache, and (unless BROKER_URL says otherwise) the task queue ----------------
REDIS_URL = env.text("REDIS_URL", embedded.redis_url(VAR))
CHANNEL_LAYERS = {
    "default": {
        # Unlike channels_redis.core it lives through a restart of Redis with its sockets open.
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        # None: redis-py 8 would otherwise drop a connection that heard nothing for 5 seconds.
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}], "prefix": "foureyes"},
    }
}
CACHES = {
    "default": {
        # Sign-in counts failures here, so it must not stand or fall with Redis.
        "BACKEND": "hitl_site.caching.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "foureyes-cache",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# --- Celery --------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.text("BROKER_URL", embedded.broker_url(REDIS_URL))
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever: a worker that gave up would need a person
if CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 3600,  # longer than any task: a shorter one would run it twice at once
        "unacked_restore_interval": 5,  # look for what a dead worker left every 5 seconds, not every 100
        "unacked_restore_throttle": 1,
    }
CELERY_TASK_DEFAULT_QUEUE = "foureyes"
CELERY_TASK_ACKS_LATE = True  # at least once, so tasks are safe to deliver twice
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True  # the database holds the state
CELERY_TASK_ROUTES = {  # the clock's own work waits behind no agent
    f"agents_runtime.tasks.{task}": {"queue": "foureyes.clock"} for task in ("sweep", "watch", "send_notices", "prune")
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Threads: one process carries many runs, which mostly wait for their models. Processes: each carries one, for agents
# whose own code computes much. docs/adr/0011 has the figures.
CELERY_WORKER_POOL = env.choice("FOUREYES_WORKER_POOL", "threads", of={"threads", "prefork"})
CELERY_WORKER_CONCURRENCY = env.number(
    "FOUREYES_WORKER_CONCURRENCY",
    50 if CELERY_WORKER_POOL == "threads" else os.cpu_count() or 1,
    least=1,
    most=1000,
)
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5.0  # seconds to finish after SIGQUIT; then the task goes back into the queue
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TIMEZONE = "UTC"
# How often the watchdog asserts that time limits fire and nothing is stuck, in seconds.
FOUREYES_WATCHDOG_SECONDS = env.number("FOUREYES_WATCHDOG_SECONDS", 300, least=1, most=86_400)
CELERY_BEAT_SCHEDULE = {
    # `expires` keeps sweeps from piling up while no worker is there to take them.
    "sweep": {"task": "agents_runtime.tasks.sweep", "schedule": 5.0, "options": {"expires": 30}},
    "watch": {
        "task": "agents_runtime.tasks.watch",
        "schedule": float(FOUREYES_WATCHDOG_SECONDS),
        "options": {"expires": FOUREYES_WATCHDOG_SECONDS},
    },
    "send_notices": {"task": "agents_runtime.tasks.send_notices", "schedule": 5.0, "options": {"expires": 30}},
    "prune": {"task": "agents_runtime.tasks.prune", "schedule": 300.0, "options": {"expires": 300}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "run" / "beat")
CELERY_BEAT_MAX_LOOP_INTERVAL = 5

# --- People ----------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "hitl_site.accounts.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True  # a session lasts SESSION_COOKIE_AGE, whatever the browser does
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
SESSION_COOKIE_AGE = 8 * 3600  # seconds; counted from sign-in, not from the last click

# --- Security --------------------------------------------------------------------------------------------------------
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0, least=0, most=9)  # reverse proxies whose X-Forwarded-… we believe
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
if HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = SITE_ORIGINS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        # Older Safaris do not count a websocket of the same host as 'self'. A policy cannot name an IPv6 address.
        "connect-src": [SELF, *(origin.replace("http", "ws", 1) for origin in SITE_ORIGINS if "[" not in origin)],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# Bytes of one request. Without scripts a verdict carries the proposal twice, in fields and as JSON: what may be edited
# (verdicts.MAX_JSON: 200,000 characters) at up to 12 bytes a character, and five notes of 20,000 beside it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

# --- Language and time ---------------------------------------------------------------------------------------------
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
FORMAT_MODULE_PATH = ["hitl_site.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- Files ---------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# From source: straight out of static/ and the packages. Otherwise what `collectstatic` put into STATIC_ROOT.
WHITENOISE_USE_FINDERS = env.flag("STATIC_FROM_SOURCE", default=DEVELOPMENT)
WHITENOISE_AUTOREFRESH = DEVELOPMENT and WHITENOISE_USE_FINDERS  # an edited stylesheet shows at once
STATIC_ROOT = None if WHITENOISE_USE_FINDERS else env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
LOGGING = logs.configure(
    json=env.flag("LOG_JSON", default=not DEVELOPMENT),
    level=env.choice("LOG_LEVEL", "INFO", of={"DEBUG", "INFO", "WARNING", "ERROR"}),
)

# --- Foureyes ------------------------------------------------------------------------------------------------------
# The model agents use unless they name one: any name the Agents SDK takes. None: the demo agents play a script.
# The SDK reads OPENAI_API_KEY and OPENAI_BASE_URL itself.
FOUREYES_MODEL = env.text("FOUREYES_MODEL") or None
# Which of OpenAI's two interfaces to speak: "responses", or "chat" (Chat Completions) as most other providers do.
FOUREYES_API = env.choice("FOUREYES_API", "responses", of={"responses", "chat"})
# Ask the model for its answer piece by piece.
FOUREYES_STREAM = env.flag("FOUREYES_STREAM", default=False)
# Register the agents of agents_runtime.agents (refunds, triage, contracts).
FOUREYES_DEMO_AGENTS = env.flag("FOUREYES_DEMO_AGENTS", default=DEVELOPMENT)
# How long a worker owns a run without renewing its lease, in seconds; then the clock gives the run to another.
FOUREYES_LEASE_SECONDS = env.number("FOUREYES_LEASE_SECONDS", 60, least=1, most=3600)
# How long a worker that stops waits for its runs to come to their next gate, in seconds; then it lets go of the models.
FOUREYES_STOP_SECONDS = env.number("FOUREYES_STOP_SECONDS", 5, least=0, most=3600)
# How long a run waits for a worker that knows its agent and reads its state, in seconds; then it fails and says why.
FOUREYES_WAIT_FOR_WORKER = env.number("FOUREYES_WAIT_FOR_WORKER", 0 if DEVELOPMENT else 600, least=0, most=7 * 86400)
# Let a worker start although runs or other workers have states that its SDK cannot read: it takes only what it can.
FOUREYES_ALLOW_MIXED_FLEET = env.flag("FOUREYES_ALLOW_MIXED_FLEET", default=False)
# Model calls one run may make, unless its agent was registered with a number of its own.
FOUREYES_MAX_TURNS = env.number("FOUREYES_MAX_TURNS", 50, least=1, most=10_000)
# Rejections of the same proposal in one run after which the next ends it, unless its agent has a number of its own.
FOUREYES_MAX_REJECTIONS = env.number("FOUREYES_MAX_REJECTIONS", 3, least=1, most=1000)
# Seconds a claim lasts that nobody renews; the page renews it while somebody works on it, for at most two hours.
FOUREYES_CLAIM_SECONDS = env.number("FOUREYES_CLAIM_SECONDS", 900, least=30, most=7200)
# Seconds by which one extension may put off when a question is due.
FOUREYES_EXTEND_SECONDS = env.number("FOUREYES_EXTEND_SECONDS", 4 * 3600, least=60, most=30 * 86400)
# How often one question may be put off.
FOUREYES_EXTENSIONS = env.number("FOUREYES_EXTENSIONS", 2, least=0, most=100)
# Seconds for which the clock stands while the person behind a run is asked something.
FOUREYES_ASK_BACK_SECONDS = env.number("FOUREYES_ASK_BACK_SECONDS", 86400, least=60, most=30 * 86400)
# Seconds that people still have after an outage of the clock in which the time of their question ran out.
FOUREYES_EXPIRY_GRACE = env.number("FOUREYES_EXPIRY_GRACE", 900, least=0, most=7 * 86400)
# Seconds a web or worker process waits for one answer of PostgreSQL before it takes it for dead.
FOUREYES_DATABASE_PATIENCE = env.number("FOUREYES_DATABASE_PATIENCE", 10, least=1, most=3600)
# Keep also the checkpoints at which nobody was asked, instead of replacing each by the next.
FOUREYES_KEEP_ALL_CHECKPOINTS = env.flag("FOUREYES_KEEP_ALL_CHECKPOINTS", default=False)
# Days after the end of a run before the checkpoints that nobody needs any more are removed. None: they are kept.
FOUREYES_CHECKPOINT_DAYS = (
    env.number("FOUREYES_CHECKPOINT_DAYS", 1, least=1, most=36_500) if env.text("FOUREYES_CHECKPOINT_DAYS") else None
)
# Days for which it is kept what a policy in shadow would have said of a call.
FOUREYES_SHADOW_DAYS = env.number("FOUREYES_SHADOW_DAYS", 90, least=1, most=36_500)
# Seconds between two signs of life of a page's websocket; after a little more than two the page takes it for dead.
FOUREYES_LIVE_TICK = env.number("FOUREYES_LIVE_TICK", 20, least=1, most=300)
# Store the inputs and outputs of model and tool calls with their spans, not only durations and counts.
FOUREYES_TRACE_DATA = env.flag("FOUREYES_TRACE_DATA", default=True)

# --- Messages to the outside ---------------------------------------------------------------------------------------
# The mail server; without a host no mail is owed or sent.
FOUREYES_SMTP = outgoing.smtp()
# Whom the mail is from.
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Foureyes <foureyes@localhost>")
# Keys (32 random bytes, base64) that seal addresses and secrets of webhooks at rest: the first seals, all open.
FOUREYES_SEAL_KEYS = outgoing.seal_keys("FOUREYES_SEAL_KEYS", VAR / "seal_key" if DEVELOPMENT else None)
# Networks to which messages may go although they are private, and there also without HTTPS. None by default.
FOUREYES_WEBHOOK_ALLOW = outgoing.networks("FOUREYES_WEBHOOK_ALLOW")
# Tries before a message is given up and waits for a person; the last comes about two hours after the first.
FOUREYES_NOTICE_ATTEMPTS = env.number("FOUREYES_NOTICE_ATTEMPTS", 10, least=1, most=100)
# How long one sender has a message in hand, in seconds; then it is taken for dead, and the message is sent again.
FOUREYES_NOTICE_LEASE = env.number("FOUREYES_NOTICE_LEASE", 60, least=2, most=3600)

# --- Watching the desk ------------------------------------------------------------------------------------------------
# An address that the clock calls after each round of the watchdog in which all was well, and `…/fail` after the others.
FOUREYES_HEARTBEAT_URL = env.https_url("FOUREYES_HEARTBEAT_URL")
# The bearer token with which /metrics may be read. None: there is no such page.
FOUREYES_METRICS_TOKEN = env.token("FOUREYES_METRICS_TOKEN", least=16)
