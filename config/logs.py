"""Logs: lines for people on a terminal, one JSON object a line with LOG_FORMAT=json; never a secret."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "******"
_SECRET_NAME = re.compile(
    r"passw|secret|token|authorization|cookie|api[_-]?key|private[_-]?key|credential", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"""
      (?P<url>[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s@]+(?=@)                  # scheme://user:password@host
    | (?P<query>[?&](?:token|access_token|api_key|key)=)[^\s&"'#]+          # ?token=…
    | (?P<header>\b(?:bearer|basic)\s+)[A-Za-z0-9+/=._~-]{8,}               # Bearer …
    | \bctly_[A-Za-z0-9_-]{8,}                                              # our API keys
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+                # a JWT
    """,
    re.IGNORECASE | re.VERBOSE,
)


def scrub_text(text: str) -> str:
    """The text with passwords in URLs, tokens and API keys masked."""
    return _SECRET_TEXT.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    kept = next((value for value in match.groupdict().values() if value), "")
    return kept + MASK


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {k: MASK if _SECRET_NAME.search(str(k)) and v else _scrubbed(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_scrubbed(item) for item in value]
    return value


def scrub(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """A structlog processor: masks what is named like a secret, and what looks like one."""
    # What structlog itself keeps for its formatter is left as it is.
    return {key: value if key.startswith("_") else _scrubbed({key: value})[key] for key, value in event.items()}


def drop_celery_context(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Celery attaches to an error its whole context, the traceback a second time included."""
    if str(event.get("logger", "")).startswith("celery"):
        event.pop("data", None)
    return event


_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    drop_celery_context,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def configure(*, as_json: bool, level: str) -> dict[str, Any]:
    """Set structlog up, and answer Django's LOGGING: both kinds of loggers end in the same handler."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    scrub,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {name: {"handlers": [], "level": least, "propagate": True} for name, least in _quiet(level).items()},
    }


def _quiet(level: str) -> dict[str, str]:
    """Libraries that say more than an operator wants to read, or that would write tokens of URLs."""
    if level == "DEBUG":
        return {"django": "INFO", "django.server": "INFO", "uvicorn.access": "ERROR", "uvicorn.error": "WARNING"}
    return {
        "django": level,
        "django.request": "ERROR",  # a 404 is no event; a 500 is
        "django.server": "WARNING",
        "uvicorn": "WARNING",
        "uvicorn.error": "WARNING",
        "uvicorn.access": "ERROR",
        "celery": "WARNING",
        "django_celery_beat": "WARNING",
        "kombu": "WARNING",
        "sqlglot": "ERROR",
        "httpx": "WARNING",
    }
