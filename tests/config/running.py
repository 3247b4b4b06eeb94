"""`manage.py up` as a person starts it: a process of its own, on free ports, in a data directory of its own."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.config.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
ADMIN = {"DJANGO_SUPERUSER_USERNAME": "root", "DJANGO_SUPERUSER_EMAIL": "root@example.com"}
PASSWORD = "a password for the first admin"
DATABASE = "cartulary.sqlite3"
"""The name of the database in a data directory."""
T = TypeVar("T")


def environment(data_dir: Path, **values: str) -> dict[str, str]:
    """Nothing of the test run's own environment but what a process needs to start."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    ports = {"PORT": str(free_port()), "GRPC_PORT": str(free_port())}
    return kept | ports | {"DATA_DIR": str(data_dir)} | values


def manage(*arguments: str, env: dict[str, str], timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """A management command, to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        timeout=timeout,
        check=False,
        capture_output=True,
        text=True,
    )


def migrated(data_dir: Path, folders: pytest.TempPathFactory) -> Path:
    """A new data directory with nothing but the tables: what is not about the first start need not migrate.

    Migrating takes seconds. It is done once in a run, for all its workers, and copied.
    """
    base = folders.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    template = shared / "migrated" / DATABASE
    with (shared / "migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            part = shared / "migrated.part"
            part.mkdir()
            ended = manage("migrate", "-v0", env=environment(part, SECRET_KEY="x" * 50))
            assert ended.returncode == 0, ended.stderr
            part.rename(template.parent)
    data_dir.mkdir(mode=0o700)
    shutil.copy(template, data_dir)
    return data_dir


def begin(*arguments: str, env: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """A Python program of the project, in the background."""
    with log.open("wb") as file:
        return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=env, stdout=file, stderr=file)


def until(what: Callable[[], T], *, seconds: float = 180, why: Callable[[], str] = str) -> T:
    """The first true answer of `what`."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < deadline, f"it did not come about in {seconds} s\n{why()}"
        time.sleep(0.05)
    return answer


class Up:
    """A running installation."""

    command: tuple[str, ...] = ("manage.py", "up")
    banner = "is running"

    def __init__(self, data_dir: Path, **values: str) -> None:
        self.data_dir = data_dir
        self.env = environment(data_dir, **values)
        self.log = data_dir.parent / f"{data_dir.name}-{self.env['PORT']}.log"
        self.base = f"http://127.0.0.1:{self.env['PORT']}"
        self.http = httpx.Client(base_url=self.base, timeout=60)
        self.process = begin(*(part.format(**self.env) for part in self.command), env=self.env, log=self.log)
        try:
            until(self._serves, seconds=600, why=self.said)
        except BaseException:
            self.end()
            raise
        # Of work, not by the clock: the machine may be busy with other tests.
        self.seconds_to_start = sum(psutil.Process(self.process.pid).cpu_times()[:2])
        self.token = ""

    def said(self) -> str:
        return self.log.read_text()

    def said_once(self, pattern: str) -> str:
        """The first group of a line it printed."""
        found = re.search(pattern, self.said())
        assert found, self.said()
        return found[1]

    def log_in(self, email: str = "root@example.com", password: str = PASSWORD) -> str:
        answer = self.http.post("/v1/auth/login", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        return self.token

    def ask(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """JSON of the answer, which must have this status."""
        answer = self.http.request(method, path, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def socket(self) -> ClientConnection:
        """A WebSocket client, signed in."""
        return connect(f"{self.base.replace('http', 'ws')}/v1/ws?token={self.token}", open_timeout=60)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Straight from the SQLite file, as no door of the application could be wrong about it."""
        connection = sqlite3.connect(f"file:{self.data_dir / DATABASE}?mode=ro", uri=True, timeout=60)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def resident(self) -> int:
        """Bytes of memory of the process and whatever it started."""
        process = psutil.Process(self.process.pid)
        return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))

    def stop(self, with_signal: signal.Signals = signal.SIGINT) -> tuple[int, float]:
        """Ask it to end; its exit status and how many seconds it took."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        began = time.monotonic()
        self.process.send_signal(with_signal)
        status = self.process.wait(timeout=60)
        took = time.monotonic() - began
        assert not [child for child in children if child.is_running()], "it left processes behind"
        return status, took

    def end(self) -> None:
        """However it stands."""
        self.http.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _serves(self) -> bool:
        assert self.process.poll() is None, f"it ended with {self.process.returncode}\n{self.said()}"
        try:
            return self.http.get("/api/v1/health").status_code == 200 and self.banner in self.said()
        except httpx.TransportError:
            return False


class WebServer(Up):
    """Only the web server, as in production; worker and beat are processes of their own."""

    command = ("-m", "uvicorn", "config.asgi:application", "--port", "{PORT}", "--no-proxy-headers")
    banner = ""
