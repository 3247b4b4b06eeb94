"""Everything in one process: HTTP, WebSocket and gRPC, a Celery worker and beat."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import TextIO

import structlog
import uvicorn
from django.conf import settings
from django.db import DatabaseError, connections

from accounts import live
from accounts.actor import operator_actor
from accounts.services import FirstAdmin, ensure_first_admin
from config.asgi import application
from config.background import Beat, Worker
from config.database import migrate, why
from config.env import Environment
from config.prepare import CannotStart, Claim
from config.rpc import RpcServer
from contracts.errors import DomainError
from ingestion.models import Job
from ingestion.services.collections import collect_now
from ingestion.services.jobs import dispatch
from ingestion.services.sources import ensure_self_source
from registry.services.self_release import ensure_self_release

logger = structlog.get_logger(__name__)

DRAIN_SECONDS = 5
"""How long requests, calls and jobs under way may take to end once a stop is asked for."""
SOCKET_MESSAGE_LIMIT = 1024 * 1024
"""Bytes; a longer WebSocket message closes the socket (1009)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the person at the terminal is told when it serves."""

    database: str
    first_collection: bool


def run(claim: Claim, out: TextIO) -> None:
    """Prepare the database and serve until SIGINT or SIGTERM. Raises CannotStart."""
    try:
        prepared = _prepare(out)
    except DatabaseError as error:
        logger.debug("the_database_refused", exc_info=True)
        raise CannotStart(why(error)) from error
    rpc = RpcServer(claim.host, claim.grpc_port)
    background = [Worker(), Beat()]

    def started() -> None:
        for each in background:
            each.start()
        rpc.ready()
        dispatch()
        connections.close_all()
        print(_banner(claim, prepared), file=out, flush=True)

    def stopping() -> None:
        for each in background:
            each.stop()

    serve(claim.http, started=started, stopping=stopping)
    rpc.stop(1.0)
    ended = [each.join(DRAIN_SECONDS) for each in background]
    live.flush()
    print("Stopped.", file=out, flush=True)
    if not all(ended):
        # A job that does not end in time keeps its row: it is taken back at the next start.
        logger.warning("stopped_with_work_under_way")
        sys.stderr.flush()
        os._exit(0)


def _prepare(out: TextIO) -> Prepared:
    database = migrate()
    env = Environment()
    try:
        admin = ensure_first_admin(
            username=env.text("DJANGO_SUPERUSER_USERNAME"),
            email=env.text("DJANGO_SUPERUSER_EMAIL"),
            password=env.text("DJANGO_SUPERUSER_PASSWORD"),
            organization_name=env.text("ORGANIZATION"),
        )
    except DomainError as error:
        raise CannotStart(f"the first administrator cannot be made: {error.message}") from error
    _introduce(admin, out)
    actor = replace(operator_actor(door="up"), user_name="Cartulary").within(admin.organization)
    source = ensure_self_source(admin.organization, actor=actor)
    first = not Job.objects.filter(task__data_source=source).exists()
    if first:
        collect_now(actor=actor, source=source)
    ensure_self_release(admin.organization)
    connections.close_all()  # this thread only serves from now on
    return Prepared(database, first)


def _introduce(admin: FirstAdmin, out: TextIO) -> None:
    """Say who the first administrator is as soon as there is one: what fails after must not take the password along."""
    if not admin.created:
        return
    lines = ["Made the first administrator", f"  {'Sign in as':<12}{admin.user.username} ({admin.user.email})"]
    if admin.password:
        lines.append(f"  {'Password':<12}{admin.password}   (shown this once)")
    print("\n".join(lines), file=out, flush=True)


def _banner(claim: Claim, prepared: Prepared) -> str:
    host = "127.0.0.1" if claim.host in {"0.0.0.0", "::"} else claim.host  # noqa: S104  an address to show, not to bind
    base = f"http://{f'[{host}]' if ':' in host else host}:{claim.port}"
    rows = [
        ("Admin", f"{base}/admin/"),
        ("API", f"{base}/api/docs"),
        ("gRPC", f"{host}:{claim.grpc_port}"),
        ("Database", prepared.database),
        ("Data", str(claim.data_dir)),
    ]
    if prepared.first_collection:
        rows.append(("Collecting", "its own database into the catalog"))
    lines = [f"Cartulary {settings.VERSION} is running", *(f"  {name:<12}{value}" for name, value in rows)]
    return "\n".join([*lines, "Ctrl-C stops everything."])


def serve(bound: socket.socket, *, started: Callable[[], None], stopping: Callable[[], None]) -> None:
    """Serve HTTP and WebSocket on a bound socket until SIGINT or SIGTERM; then drain, at most `DRAIN_SECONDS`."""
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,  # contracts.addresses reads them, from TRUSTED_PROXIES only
        timeout_graceful_shutdown=DRAIN_SECONDS,
        ws_max_size=SOCKET_MESSAGE_LIMIT,
    )
    _Server(config, started, stopping).run(sockets=[bound])


class _Server(uvicorn.Server):
    """uvicorn, that says when it serves and when it was asked to end, and that outlives the signal to end the rest."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None], stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = started
        self._on_stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        live.serve_on(loop)
        await loop.run_in_executor(None, self._on_started)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again when it has drained, which would end the process too early.
        handled = (signal.SIGINT, signal.SIGTERM)
        before = {each: signal.signal(each, self.handle_exit) for each in handled}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stopping()
        super().handle_exit(sig, frame)
