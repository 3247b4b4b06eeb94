"""Servers that a test starts for itself, on free ports, because it stops them or sets them up in its own way."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.config.ports import free_port


def program(name: str) -> str:
    """Where a server's program is; the test is skipped where it is nowhere."""
    beside = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(beside[-1]) if beside else "")
    if not found:
        pytest.skip(f"needs the program {name}")
    return found


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


class OwnPostgreSQL:
    """A PostgreSQL that may be stopped. With a password it asks for it (SCRAM); it never runs as root."""

    def __init__(self, folder: Path, password: str = "") -> None:
        self.folder, self.port, self.password = folder, free_port(), password
        # PostgreSQL refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else ""
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        arguments = ["-D", str(folder / "data"), "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C"]
        if password:
            secret = folder / "password"
            secret.write_text(password)
            secret.chmod(0o644)
            arguments += ["-A", "scram-sha-256", f"--pwfile={secret}"]
        else:
            arguments += ["-A", "trust"]
        self._run("initdb", *arguments)
        self.start()

    @property
    def url(self) -> str:
        secret = f":{self.password}" if self.password else ""
        return f"postgresql://postgres{secret}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "-w", "-t", "60", "-D", str(self.folder / "data"), "-l", log, "-o", options)

    def stop(self) -> None:
        """At once, as after a crash."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", str(self.folder / "data"))

    def _run(self, name: str, *arguments: str) -> None:
        ended = subprocess.run(
            [program(name), *arguments], user=self.user or None, stdout=subprocess.DEVNULL, cwd=self.folder,
            stderr=subprocess.PIPE, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr


@contextmanager
def own_postgresql(password: str = "") -> Iterator[OwnPostgreSQL]:
    program("initdb")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    try:
        server = OwnPostgreSQL(folder, password)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class OwnPgBouncer:
    """A pooler before a PostgreSQL that trusts: it hands a server's session on after each transaction."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = free_port()
        user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root, like the server behind it
        lines = [
            "[databases]",
            f"* = host=127.0.0.1 port={port} user=postgres",
            "[pgbouncer]",
            "listen_addr = 127.0.0.1",
            f"listen_port = {self.port}",
            "unix_socket_dir =",
            "auth_type = any",
            "pool_mode = transaction",
        ]
        file = folder / "pgbouncer.ini"
        file.write_text("\n".join(lines))
        file.chmod(0o644)
        self.process = subprocess.Popen([program("pgbouncer"), "-q", str(file)], user=user, stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"


@contextmanager
def own_pgbouncer() -> Iterator[OwnPgBouncer]:
    """With a PostgreSQL of its own behind it."""
    program("pgbouncer")
    with own_postgresql() as server:
        pooler = OwnPgBouncer(server.folder, server.port)
        try:
            yield pooler
        finally:
            pooler.process.kill()
            pooler.process.wait()


class OwnRedis:
    """A Redis that keeps nothing, and may be stopped."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        arguments = [program("redis-server"), "--port", str(self.port), "--save", "", "--bind", "127.0.0.1"]
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir())
        wait_for_port(self.port)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@contextmanager
def own_redis() -> Iterator[OwnRedis]:
    server = OwnRedis()
    try:
        yield server
    finally:
        server.stop()
