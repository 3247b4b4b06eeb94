"""What connectors over the network share: common settings, the guard, drivers' errors in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from socket import create_connection
from typing import Any, TypeVar

import httpx
from sqlalchemy.exc import DBAPIError

from ingestion.connectors.base import JsonSchema, SourceError
from ingestion.guard import Blocked, Unresolvable, allowed_addresses
from ingestion.services.secrets import scrub

T = TypeVar("T")

HOST_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": 253,
    # A colon is an IPv6 address's, of which it has two at least: `db:5432` is a host and a port.
    "pattern": r"^([A-Za-z0-9_.\-]+|[0-9A-Fa-f]*:[0-9A-Fa-f.]*:[0-9A-Fa-f.:]*)$",
    "title": "Host",
    "description": "A name or an address, without a scheme and without a port.",
}

PASSWORD_SCHEMA = {"type": "string", "maxLength": 1000, "writeOnly": True, "title": "Password"}

TIMEOUT_SCHEMA = {"type": "integer", "minimum": 1, "maximum": 600, "default": 10, "title": "Timeout in seconds"}


def port_schema(default: int, title: str = "Port") -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": 65535, "default": default, "title": title}


def server_schema(port: JsonSchema, settings: JsonSchema, *, required: Sequence[str] = ()) -> JsonSchema:
    """The config of a source that is a server: host, port, and these settings."""
    return {
        "type": "object",
        "required": ["host", *required],
        "additionalProperties": False,
        "properties": {"host": HOST_SCHEMA, "port": port, **settings},
    }


POOL_SCHEMAS = {
    "timeout": TIMEOUT_SCHEMA,
    "max_conns": {
        "type": "integer",
        "minimum": 1,
        "maximum": 1000,
        "title": "Most connections",
        "description": "A collection needs one.",
    },
    "max_idle_conns": {"type": "integer", "minimum": 0, "maximum": 1000, "title": "Most idle connections"},
}


def allowed_addresses_of(config: Mapping[str, Any]) -> list[str]:
    """The addresses of the config's host, all of which we may connect to. Raises SourceError."""
    try:
        return allowed_addresses(config["host"], config["port"])
    except Blocked as error:
        raise SourceError(error.message, code="BLOCKED") from None
    except Unresolvable as error:
        raise SourceError(f"{error.message}: check the host", code="CONNECTION_FAILED", retry=True) from None


def first_that_answers(
    addresses: Sequence[str], connect: Callable[[str], T], *, is_silent: Callable[[Exception], bool]
) -> T:
    """Connect to the addresses of a host in turn: to the next where the error says that nobody is there."""
    for last, address in enumerate(addresses, 1 - len(addresses)):
        try:
            return connect(address)
        except Exception as error:
            if last == 0 or not is_silent(error):
                raise
    raise AssertionError("a host has an address")


def listening_address_of(config: Mapping[str, Any]) -> str:
    """The first of the host's addresses where somebody listens; where nobody does, one for the driver to say so.

    For drivers that take one address and tell only later that nobody is there. Raises SourceError.
    """
    *others, last = allowed_addresses_of(config)
    for address in others:
        with suppress(OSError), create_connection((address, config["port"]), timeout=config["timeout"]):
            return address
    return last


STATEMENT_SECONDS = 300
"""One statement on a source may take so long: a lock there must not hold a run for ever."""


@contextmanager
def guarded_errors(config: Mapping[str, Any], *, engine: str) -> Iterator[None]:
    """What goes wrong on the way to a source that is asked over HTTP, as SourceError."""
    where = f"{config['host']}:{config['port']}"
    try:
        yield
    except Blocked as error:
        raise SourceError(error.message, code="BLOCKED") from None
    except Unresolvable as error:
        raise SourceError(f"{error.message}: check the host", code="CONNECTION_FAILED", retry=True) from None
    except httpx.InvalidURL:
        raise SourceError(f"'{config['host']}' is no host: check the host", code="CONNECTION_FAILED") from None
    except httpx.TimeoutException:
        message = f"{engine} at {where} did not answer within {config['timeout']} seconds"
        raise SourceError(message, code="TIMEOUT", retry=True) from None
    except httpx.ConnectError as error:
        if "certificate" in str(error).lower() or "ssl" in str(error).lower():
            raise SourceError(f"No TLS connection with {engine}: {error}", code="CONNECTION_FAILED") from None
        message = f"{where} refused the connection: is {engine} running there?"
        raise SourceError(message, code="CONNECTION_FAILED", retry=True) from None
    except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
        message = f"{engine} closed the connection ({error.__class__.__name__})"
        raise SourceError(message, code="CONNECTION_LOST", retry=True) from None


def json_of(response: httpx.Response, shape: type[T], *, engine: str) -> T:
    """What an answer holds, a list or an object. Raises SourceError where it holds something else."""
    try:
        found = response.json()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, shape):
        message = f"What {engine} answers at {response.url.path} is not what its API gives: check the address"
        raise SourceError(message, code="CONNECTION_FAILED")
    return found


_SAID = [
    # (what the driver's message holds, our code, whether waiting may help, what to mend)
    (("statement timeout",),
     "TIMEOUT", True, "{engine} took too long over a statement: it may be waiting for a lock there"),
    (("timeout expired", "timed out", "read timeout", "dpy-4024"),
     "TIMEOUT", True, "{engine} at {host}:{port} did not answer within {timeout} seconds"),
    (("ora-12514", "dpy-6001", "ora-12505"),
     "NOT_FOUND", False, "{engine}'s listener knows no service '{database}': check the service name"),
    (("ora-01045",),
     "PERMISSION_DENIED", False, "The user '{username}' may not connect: GRANT CREATE SESSION TO {username}"),
    (("ora-28000", "ora-28001"),
     "AUTHENTICATION_FAILED", False, "The account '{username}' is locked, or its password has expired"),
    (("dpy-6005",),
     "CONNECTION_FAILED", True, "{host}:{port} cannot be connected to: is {engine} running there?"),
    (("tds server is unavailable", "adaptive server is unavailable"),
     "CONNECTION_FAILED", True, "{host}:{port} refused the connection: is {engine} running there?"),
    (("to database", "unknown database", "database \"", "cannot open database"),
     "NOT_FOUND", False, "{engine} has no database '{database}', or '{username}' may not see it"),
    (("password authentication failed", "no password supplied", "access denied for user", "role \"", "login failed",
      "ora-01017", "error validating the login"),
     "AUTHENTICATION_FAILED", False, "{engine} refused the user '{username}': check user name and password"),
    (("no pg_hba.conf entry", "is not allowed to connect"),
     "AUTHENTICATION_FAILED", False, "{engine} does not accept connections of the user '{username}' from this host"),
    (("no route to host", "network is unreachable"),
     "CONNECTION_FAILED", True, "{host}:{port} cannot be reached from here"),
    (("connection refused", "can't connect", "could not connect", "ora-12541"),
     "CONNECTION_FAILED", True, "{host}:{port} refused the connection: is {engine} running there?"),
    (("too many connections", "too many clients", "remaining connection slots"),
     "CONNECTION_FAILED", True, "{engine} has no connection to spare"),
    (("starting up", "shutting down", "in recovery mode"),
     "CONNECTION_FAILED", True, "{engine} is starting or stopping"),
    (("server closed the connection", "terminating connection", "lost connection", "connection reset",
      "connection already closed", "gone away", "dpy-4011", "dpy-1001", "ora-03113", "unexpected eof from the server"),
     "CONNECTION_LOST", True, "{engine} closed the connection: {said}"),
    (("ssl", "certificate"),
     "CONNECTION_FAILED", False, "No TLS connection with {engine}: {said}"),
    (("permission denied", "denied to user", "command denied", "permission was denied", "ora-01031", "ora-00942"),
     "PERMISSION_DENIED", False, "The user '{username}' may not read the catalog: {said}"),
]  # fmt: skip


def explain(error: Exception, config: Mapping[str, Any], *, engine: str) -> SourceError:
    """A driver's error as a sentence that says what to mend, without a secret in it."""
    whole = scrub(_text_of(error), [config.get("password")])
    said = (whole.splitlines() or [""])[0][:300]
    known = {"engine": engine, "said": said, "timeout": 10}
    names = ("host", "port", "database", "username", "timeout")
    words = {**dict.fromkeys(names, ""), **known, **{name: config[name] for name in names if name in config}}
    for lowered in (said.lower(), whole.lower()):
        for signs, code, retry, sentence in _SAID:
            if any(sign in lowered for sign in signs):
                return SourceError(sentence.format_map(words), code=code, retry=retry)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return SourceError(f"{engine} closed the connection: {said}", code="CONNECTION_LOST", retry=True)
    return SourceError(f"{engine} says: {said}")


def _text_of(error: Exception) -> str:
    """What the driver itself said: not SQLAlchemy's wrapping, which quotes statement and parameters."""
    original = error.orig if isinstance(error, DBAPIError) else error
    said: Any = original
    while isinstance(said, tuple | BaseException):  # pymssql gives (number, bytes) within the arguments
        parts = said if isinstance(said, tuple) else said.args
        said = parts[-1] if parts else error.__class__.__name__
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    # FreeTDS puts a line of numbers before each line that says something.
    lines = [line for line in text.strip().splitlines() if not line.startswith("DB-Lib error message")]
    return "\n".join(lines)[:2000]
