"""What `manage.py up` needs before the settings are read: its data directory, its ports, its secret key.

Everything here is checked before anything is changed, and refused with one line that says what to do.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from config.env import Environment

LOCK = "running.pid"
SECRET_KEY = "secret_key"  # noqa: S105  the name of a file


class CannotStart(Exception):
    """Why it cannot start: one line for the person at the terminal."""


@dataclass(slots=True)
class Claim:
    """What this process holds while it runs: the HTTP socket, already bound, and the lock of its data directory."""

    host: str
    port: int
    grpc_port: int
    data_dir: Path
    http: socket.socket
    lock: int  # a file descriptor: the kernel lets go of the lock when the process ends, however it ends


_claims: list[Claim] = []


def claim() -> Claim:
    """Prepare this process to run everything, once. Raises CannotStart or ImproperlyConfigured."""
    if not _claims:
        _claims.append(_claim(Environment()))
    return _claims[0]


def _claim(env: Environment) -> Claim:
    base = Path(__file__).resolve().parent.parent
    data_dir = env.path("DATA_DIR", base / "var")
    host = env.text("HOST", "127.0.0.1")
    port = env.integer("PORT", 8000, low=1, high=65535)
    grpc_port = env.integer("GRPC_PORT", 9090, low=1, high=65535)
    if port == grpc_port:
        raise CannotStart(f"PORT and GRPC_PORT are both {port}: give them different ports")
    _refuse_second(data_dir)
    http = _bind(host, port, "PORT")
    _bind(host, grpc_port, "GRPC_PORT").close()
    _make(data_dir)
    lock = _lock(data_dir)
    if not env.text("SECRET_KEY"):
        _make_secret_key(data_dir)
    return Claim(host, port, grpc_port, data_dir, http, lock)


def _refuse_second(data_dir: Path) -> None:
    """Raise CannotStart where a living process holds the data directory; a file left by a dead one is no lock."""
    try:
        descriptor = os.open(data_dir / LOCK, os.O_RDWR)
    except OSError:
        return
    try:
        _flock(descriptor, data_dir)
    finally:
        os.close(descriptor)


def _flock(descriptor: int, data_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise CannotStart(
            f"Cartulary is already running with DATA_DIR {data_dir} (process {holder}):"
            " stop that one, or set another DATA_DIR, PORT and GRPC_PORT"
        ) from None


def _bind(host: str, port: int, variable: str) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise CannotStart(f"HOST '{host}' is not an address of this machine: set HOST to one") from None
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
        # Only listening shows a port that another process has bound with SO_REUSEADDR too.
        bound.listen(1)
    except OSError as error:
        bound.close()
        raise CannotStart(_refused_port(error, host, port, variable)) from None
    return bound


def _refused_port(error: OSError, host: str, port: int, variable: str) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is in use by another program: set {variable} to a free port"
        case errno.EADDRNOTAVAIL:
            return f"HOST '{host}' is not an address of this machine: set HOST to one"
        case errno.EACCES:
            return f"Port {port} needs more rights than this user has: set {variable} to a port above 1023"
        case _:
            return f"Port {port} on {host} cannot be used ({error.strerror}): set {variable} to a free port"


def _make(data_dir: Path) -> None:
    """The data directory, for this user only. Raises CannotStart where it cannot be made or written to."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = data_dir / f".probe-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"DATA_DIR {data_dir} cannot be written to ({error.strerror}): set DATA_DIR to a directory that can"
        ) from None


def _lock(data_dir: Path) -> int:
    descriptor = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    _flock(descriptor, data_dir)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _make_secret_key(data_dir: Path) -> None:
    """Make the key once; complete before it has its name, so that a crash leaves none or a whole one."""
    path = data_dir / SECRET_KEY
    if path.exists():
        return
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
