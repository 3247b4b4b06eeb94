"""Every setting, read from the environment with types. README.md lists the variables."""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
import pyvis
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from kombu import Queue

from config import logs
from config.env import Environment
from config.prepare import SECRET_KEY as SECRET_KEY_FILE

django_stubs_ext.monkeypatch()

env = Environment()
BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# Where everything lives --------------------------------------------------------------------------

DEBUG = env.flag("DEBUG")
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "var")
IMPORT_DIR = env.path("IMPORT_DIR", DATA_DIR / "import")
IMPORT_BUCKETS = env.names("IMPORT_BUCKETS", [])  # `bucket` or `bucket/prefix`: what s3:// may be ingested from


def _secret_key() -> str:
    """SECRET_KEY, or the one `make run` made under DATA_DIR; only with DEBUG may both be missing."""
    key = env.text("SECRET_KEY")
    if key:
        return key
    try:
        return (DATA_DIR / SECRET_KEY_FILE).read_text().strip()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ImproperlyConfigured(f"the secret key in DATA_DIR {DATA_DIR} cannot be read ({error.strerror})") from None
    if DEBUG:
        return "insecure-key-for-debugging-only"
    raise ImproperlyConfigured("SECRET_KEY is not set: set it (50 random characters), or start with `make run`")


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS", [])
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, low=1, high=65535)
GRPC_PORT = env.integer("GRPC_PORT", 9090, low=1, high=65535)
HTTP_THREADS = env.integer("HTTP_THREADS", 16, low=1, high=500)
"""Requests answered at the same time; each holds a database connection while it is."""

GRPC_THREADS = env.integer("GRPC_THREADS", 8, low=1, high=500)
"""gRPC calls answered at the same time; streams have threads of their own."""
GRPC_STREAMS = env.integer("GRPC_STREAMS", 64, low=1, high=10_000)
"""gRPC streams that one process serves at the same time; each holds a thread."""
GRPC_MESSAGE_LIMIT = env.integer("GRPC_MESSAGE_LIMIT", 16 * 1024 * 1024, low=1024, high=2**30)
"""Bytes of a gRPC request; more is answered with RESOURCE_EXHAUSTED."""
GRPC_TLS_CERT = env.text("GRPC_TLS_CERT")
GRPC_TLS_KEY = env.text("GRPC_TLS_KEY")
"""Files in PEM form; without them gRPC is served in clear text."""
GRPC_TLS_CLIENT_CA = env.text("GRPC_TLS_CLIENT_CA")
"""The authority whose certificates clients must show; they need none where it is empty."""

WORKER_THREADS = env.integer("WORKER_THREADS", 4, low=1, high=100)
"""Jobs that one `manage.py up` carries out at the same time."""
LOGGING = logs.configure(
    as_json=env.choice("LOG_FORMAT", "text", {"text", "json"}) == "json",
    level=env.choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"}),
)

# The house ---------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "accounts.admin_config.CatalogAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "django_celery_beat",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "audit",
    "accounts",
    "catalog",
    "registry",
    "ingestion",
    "config",
]

MIDDLEWARE = [
    "contracts.middleware.RequestContext",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = False

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
            ]
        },
    }
]

# The database ------------------------------------------------------------------------------------

_SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}
# Starting a parallel worker takes ten times as long as most statements here: the default, 1,000, is for reports.
_POSTGRESQL_PARAMETERS = "-c parallel_setup_cost=10000"


def _database() -> dict[str, Any]:
    config = env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'cartulary.sqlite3'}")
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"].endswith("sqlite3"):
        options.update(_SQLITE_OPTIONS)
        config["CONN_MAX_AGE"] = None  # opening a file and its pragmas take as long as ten queries
    else:
        # Every thread that may hold a connection at once: requests, jobs and their leases, beat, gRPC.
        size = env.integer("DATABASE_POOL", HTTP_THREADS + 2 * WORKER_THREADS + GRPC_THREADS + 4, low=1, high=500)
        config["CONN_HEALTH_CHECKS"] = True  # 0.05 ms a request, and no error after the server was restarted
        options.setdefault("pool", {"min_size": 0, "max_size": size, "timeout": 10})
        config["DISABLE_SERVER_SIDE_CURSORS"] = behind_pooler = env.flag("DATABASE_BEHIND_PGBOUNCER")
        if not behind_pooler:
            options["options"] = f"{_POSTGRESQL_PARAMETERS} {options.get('options', '')}".rstrip()
    config["ATOMIC_REQUESTS"] = False
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cache, live events, background work -------------------------------------------------------------

REDIS_URL = env.url("REDIS_URL", {"redis", "rediss", "unix"})
CACHES: dict[str, Any] = {
    # What is cached can be worked out again: a Redis that is down slows pages, and fails none.
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 2, "SOCKET_TIMEOUT": 2},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
# The layer waits 5 s at a time for messages: a socket that gives up after as long (the default) would end idle sockets.
_CHANNELS_REDIS = {"address": REDIS_URL, "socket_timeout": 20, "socket_connect_timeout": 5}
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [_CHANNELS_REDIS]}}
    if REDIS_URL
    else {"BACKEND": "accounts.live_layer.ProcessLayer"}
}

CELERY_BROKER_URL = env.url(
    "CELERY_BROKER_URL", {"memory", "amqp", "amqps", "pyamqp", "redis", "rediss"}, REDIS_URL or "memory://localhost"
)
CELERY_TASK_DEFAULT_QUEUE = env.text("CELERY_QUEUE", "cartulary")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False  # a message only wakes a worker; the job's row is the queue of record
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that is down is waited for
CELERY_RESULT_EXPIRES = None  # nothing is kept there, nothing is cleaned up
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep files": {"task": "registry.sweep_files", "schedule": 3600.0, "options": {"expires": 3600}},
    "dispatch jobs": {"task": "ingestion.dispatch_jobs", "schedule": 10.0, "options": {"expires": 10}},
    "prune": {"task": "ingestion.prune", "schedule": 86_400.0, "options": {"expires": 86_400}},
    "seal the trail": {"task": "audit.seal", "schedule": 60.0, "options": {"expires": 60}},
}
# A worker takes from its queues in turn: what beat asks for and what goes to webhooks waits for no jobs.
_BEAT_QUEUE, _WEBHOOK_QUEUE = f"{CELERY_TASK_DEFAULT_QUEUE}.beat", f"{CELERY_TASK_DEFAULT_QUEUE}.webhooks"
CELERY_TASK_QUEUES = [
    Queue(name, routing_key=name) for name in (CELERY_TASK_DEFAULT_QUEUE, _BEAT_QUEUE, _WEBHOOK_QUEUE)
]
CELERY_TASK_ROUTES = {
    **{each["task"]: {"queue": _BEAT_QUEUE} for each in CELERY_BEAT_SCHEDULE.values()},
    "ingestion.deliver_webhook": {"queue": _WEBHOOK_QUEUE},
}
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
if CELERY_BROKER_URL.startswith("memory://"):
    CELERY_BROKER_TRANSPORT_OPTIONS["polling_interval"] = 0.05  # seconds until a job begins; 1.0 by default

# People ------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.EmailOrUsernameBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("COOKIES_OVER_HTTPS_ONLY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_HTTPS_PROXY") else None

ACCESS_TOKEN_SECONDS = env.integer("ACCESS_TOKEN_SECONDS", 3600, low=60, high=30 * 86400)
REFRESH_TOKEN_SECONDS = env.integer("REFRESH_TOKEN_SECONDS", 14 * 86400, low=60, high=365 * 86400)
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ACCESS_TOKEN_SECONDS),
    "REFRESH_TOKEN_LIFETIME": timedelta(seconds=REFRESH_TOKEN_SECONDS),
    "UPDATE_LAST_LOGIN": False,
}

# The contracts -----------------------------------------------------------------------------------

RATE_METASTORE = env.rate("RATE_METASTORE", "100/second")
RATE_COLLECTION = env.rate("RATE_COLLECTION", "100/second")
RATE_REGISTRY_ANONYMOUS = env.rate("RATE_REGISTRY_ANONYMOUS", "100/hour")
RATE_REGISTRY_AUTHENTICATED = env.rate("RATE_REGISTRY_AUTHENTICATED", "1000/hour")
RATE_RELEASES = env.rate("RATE_RELEASES", "5000/hour")
RATE_ENTITIES = env.rate("RATE_ENTITIES", "1000/second")
RATE_LOGIN = env.rate("RATE_LOGIN", "10/minute")
BODY_LIMIT = env.integer("BODY_LIMIT", 64 * 1024 * 1024, low=1024)
"""Bytes of a JSON request body; more is answered with 413."""
ARTIFACT_LIMIT = env.integer("ARTIFACT_LIMIT", 128 * 1024 * 1024, low=1024)
"""Bytes of an artifact (an SBOM, a VEX, any other file); more is answered with 413."""
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_LIMIT  # the fields of a form, which are held in memory; its files are not
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
"""Whose X-Forwarded-For is believed, as `10.0.0.0/8,127.0.0.1`; nobody's where it is empty."""
CSRF_FAILURE_VIEW = "contracts.ownership.csrf_failure"

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "accounts.authentication.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.Authenticated"],
    "DEFAULT_SCHEMA_CLASS": "contracts.openapi.ContractSchema",
    "URL_FORMAT_OVERRIDE": None,  # `?format=fasta` belongs to the registry contract
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Cartulary",
    "DESCRIPTION": "A metadata catalog and registry: one domain, five wire contracts.",
    "VERSION": VERSION,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "TAGS": [
        {"name": "metastore", "description": "Assets, relationships, lineage, search, tags, background tasks, audits."},
        {"name": "collection", "description": "Data sources, collection tasks and their executions, templates."},
        {"name": "registry", "description": "Organizations, sources and tools, their versions and files; health."},
        {"name": "releases", "description": "Products, projects, components, releases and their artifacts."},
        {"name": "entities", "description": "The catalog as tables, databases, dashboards, pipelines, topics, users."},
    ],
    "ENUM_NAME_OVERRIDES": {
        "AssetTypeEnum": "catalog.models.AssetType.values",
        "RelationshipTypeEnum": "catalog.models.RelationshipType.values",
        "TypeOfDomainEnum": "catalog.models.DomainType.values",
        "TermStatusEnum": "catalog.models.TermStatus.values",
        "SettableStatusEnum": ["active", "inactive"],
        "ArtifactTypeEnum": "registry.models.ArtifactType.choices",
        "ReleaseStatusEnum": "registry.models.ReleaseStatus.choices",
        "StatementStatusEnum": "registry.models.StatementStatus.choices",
    },
}
CORS_ALLOW_ALL_ORIGINS = True
CORS_URLS_REGEX = r"^/api/v1/(auth/token$|organizations|sources|tools|uploads|search$|resolve|stats|health$).*"
CORS_ALLOW_HEADERS = [
    *default_headers,
    *("if-match", "if-none-match", "if-modified-since", "if-range", "range", "x-api-key", "x-checksum-sha256"),
]
CORS_EXPOSE_HEADERS = [
    *("ETag", "Accept-Ranges", "Content-Disposition", "Content-Range", "Location", "Retry-After", "X-Checksum-SHA256"),
    *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id"),
]

# Published files ---------------------------------------------------------------------------------

STORAGE_URL = env.url("STORAGE_URL", {"s3"})
"""`s3://bucket/prefix?endpoint=https://…&region=…`; below DATA_DIR/files where it is empty."""
UPLOAD_LIMIT = env.integer("UPLOAD_LIMIT", 16 * 1024**3, low=1024, high=2**50)
"""Bytes of one published file; more is answered with 413."""
DOWNLOAD_QUOTA = env.quota("DOWNLOAD_QUOTA", "100GB/day")
"""Bytes that one address may download in a period."""
DOWNLOAD_FLUSH_SECONDS = env.integer("DOWNLOAD_FLUSH_SECONDS", 1, low=1, high=3600)
"""How long download counts wait in memory before they are written."""
SIGNED_URL_SECONDS = env.integer("SIGNED_URL_SECONDS", 900, low=1, high=7 * 86400)
ACCEL_REDIRECT = env.text("ACCEL_REDIRECT")
"""The internal location under which nginx serves DATA_DIR/files, as `/protected/`; else we send the bytes."""

# Pages and files ---------------------------------------------------------------------------------


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ImproperlyConfigured(f"the package {package} is not installed: run `make run` again")
    return Path(spec.origin).parent


LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [
    # The graph library that the lineage page draws with, out of the package that carries it.
    ("vis", Path(pyvis.__file__).parent / "lib" / "vis-9.1.2"),
    # The editor of GraphQL queries; the package is not imported, which would look for graphene.
    ("graphiql", _folder_of("graphene_django_graphiql_static") / "static" / "graphene_django_graphiql_static"),
]
WHITENOISE_USE_FINDERS = True

# What is collected -------------------------------------------------------------------------------

DENY_PRIVATE_NETWORKS = env.flag("DENY_PRIVATE_NETWORKS")
"""Refuse outbound connections to private networks too; link-local ones are always refused."""
KEEP_RUNS_DAYS = env.integer("KEEP_RUNS_DAYS", 90)
KEEP_DELIVERIES_DAYS = env.integer("KEEP_DELIVERIES_DAYS", 30)
KEEP_PROFILES_DAYS = env.integer("KEEP_PROFILES_DAYS", 400)
KEEP_EVENTS_DAYS = env.integer("KEEP_EVENTS_DAYS", 30)
"""For how long ended runs, webhook deliveries, profiles and stream events are kept; 0 is for ever."""
KEEP_DELETED_DAYS = env.integer("KEEP_DELETED_DAYS", 0)
"""For how long what was deleted can be restored, but assets, which always can; 0 is for ever."""
DOLPHINSCHEDULER_URL = env.url("DOLPHINSCHEDULER_URL", {"http", "https"})
"""Its API, as `http://host:12345/dolphinscheduler`; tasks cannot be scheduled there where it is empty."""
DOLPHINSCHEDULER_TOKEN = env.text("DOLPHINSCHEDULER_TOKEN")
DOLPHINSCHEDULER_PROJECT = env.integer("DOLPHINSCHEDULER_PROJECT", 0, high=2**63)
"""The number in the address of the project's page there."""
DOLPHINSCHEDULER_TENANT = env.text("DOLPHINSCHEDULER_TENANT", "default")
DOLPHINSCHEDULER_VERSION = env.choice("DOLPHINSCHEDULER_VERSION", "3.3", {"3.0", "3.1", "3.2", "3.3"})
if DOLPHINSCHEDULER_URL and not (DOLPHINSCHEDULER_TOKEN and DOLPHINSCHEDULER_PROJECT):
    raise ImproperlyConfigured("DOLPHINSCHEDULER_URL is set: set DOLPHINSCHEDULER_TOKEN and DOLPHINSCHEDULER_PROJECT")
PUBLIC_URL = env.url("PUBLIC_URL", {"http", "https"}, f"http://{HOST}:{PORT}")
"""Where other systems reach us: what a scheduler is told to call back."""

# The admin ---------------------------------------------------------------------------------------


def _page(title: str, icon: str, page: str, permission: str = "") -> dict[str, Any]:
    link = page if page.startswith("/") else reverse_lazy(f"admin:{page}")
    return {"title": title, "icon": icon, "link": link} | ({"permission": permission} if permission else {})


_ADMINS = "accounts.admin_site.sees_people"
_TEAL = {  # OKLCH; 600 with white text has a contrast of 5.4
    "50": "oklch(98.2% .012 195)",
    "100": "oklch(95% .03 195)",
    "200": "oklch(90% .06 195)",
    "300": "oklch(83% .09 195)",
    "400": "oklch(74% .11 195)",
    "500": "oklch(64% .105 195)",
    "600": "oklch(51% .09 197)",
    "700": "oklch(44% .078 200)",
    "800": "oklch(38% .066 202)",
    "900": "oklch(33% .055 205)",
    "950": "oklch(23% .045 208)",
}
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Cartulary",
    "SITE_HEADER": "Cartulary",
    "SITE_SUBHEADER": "accounts.admin_site.subheader",
    "SITE_DROPDOWN": "accounts.admin_site.switcher",
    "SITE_URL": None,
    "SITE_ICON": lambda request: static("cartulary/logo.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("cartulary/favicon.svg")}
    ],
    "ENVIRONMENT": "accounts.admin_site.badge",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "config.dashboard.dashboard",
    "LOGIN": {"form": "accounts.admin_site.LoginForm"},
    "STYLES": [lambda request: static("cartulary/admin.css")],
    "SCRIPTS": [lambda request: static("cartulary/admin.js")],
    "COLORS": {"primary": _TEAL},
    "COMMAND": {"search_callback": "config.dashboard.quick_search"},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            {"items": [_page("Dashboard", "space_dashboard", "index")]},
            {
                "title": "Catalog",
                "items": [
                    _page("Assets", "dataset", "catalog_asset_changelist"),
                    _page("Tags", "sell", "catalog_tag_changelist"),
                    _page("Domains", "category", "catalog_domain_changelist"),
                    _page("Glossaries", "menu_book", "catalog_glossary_changelist"),
                    _page("Terms", "dictionary", "catalog_glossaryterm_changelist"),
                    _page("Relationships", "polyline", "catalog_relationship_changelist"),
                ],
            },
            {
                "title": "Registry",
                "items": [
                    _page("Sources", "genetics", "registry_source_changelist"),
                    _page("Tools", "construction", "registry_tool_changelist"),
                    _page("Publishers", "monitoring", "registry_statistics_changelist"),
                    _page("Stored files", "verified", "registry_filecheck_changelist", "accounts.admin_site.sees_all"),
                ],
            },
            {
                "title": "Releases",
                "items": [
                    _page("Products", "inventory_2", "registry_product_changelist"),
                    _page("Releases", "rocket_launch", "registry_release_changelist"),
                    _page("Artifacts", "description", "registry_artifact_changelist"),
                    _page("Components", "package_2", "registry_package_changelist"),
                ],
            },
            {
                "title": "Collection",
                "items": [
                    _page("Data sources", "database", "ingestion_datasource_changelist"),
                    _page("Tasks", "event_repeat", "ingestion_collectiontask_changelist"),
                    _page("Runs", "play_circle", "ingestion_job_changelist"),
                    _page("Templates", "note_stack", "ingestion_template_changelist"),
                    _page("Webhooks", "webhook", "ingestion_webhook_changelist", _ADMINS),
                ],
            },
            {
                "title": "People",
                "items": [
                    _page("Organizations", "apartment", "accounts_organization_changelist", _ADMINS),
                    _page("Users", "group", "accounts_user_changelist", _ADMINS),
                    _page("Teams", "groups", "accounts_team_changelist"),
                    _page("API keys", "key", "accounts_apikey_changelist", _ADMINS),
                ],
            },
            {
                "title": "Trail",
                "items": [
                    _page("Audit trail", "history", "audit_auditevent_changelist"),
                    _page("Deleted", "restore_from_trash", "accounts_deletedrow_changelist"),
                ],
            },
            {
                "title": "For programs",
                "items": [
                    _page("API, to try out", "terminal", "/api/docs"),
                    _page("API, to read", "menu_book", "/api/redoc"),
                    _page("GraphQL", "data_object", "/graphql"),
                    _page("All doors", "meeting_room", "/admin/doors/"),
                ],
            },
        ],
    },
}
