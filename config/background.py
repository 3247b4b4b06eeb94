"""The Celery worker and beat inside the process of `manage.py up`, each in a thread that is kept alive."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

import structlog
from celery.worker import WorkController, state
from django.conf import settings
from django.db import connections
from kombu.utils.imports import symbol_by_name

from config.celery import app

logger = structlog.get_logger(__name__)

RESTART_SECONDS = 5.0
WAKE_SECONDS = 1.0
"""How often the worker looks whether it is to end."""


class Background(ABC):
    """Something that runs until stopped, in a daemon thread; begun again should it end by itself."""

    name: str

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; `join` waits."""
        self._stopping.set()
        self.ask_to_end()

    def join(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds; whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _keep_running(self) -> None:
        while not self._stopping.is_set():
            try:
                self.run()
            except Exception:
                logger.exception(f"{self.name}_ended")
            connections.close_all()
            if self._stopping.wait(RESTART_SECONDS):
                return
            logger.warning(f"{self.name}_begins_again")

    @abstractmethod
    def run(self) -> None:
        """Work until asked to end."""

    @abstractmethod
    def ask_to_end(self) -> None:
        """From another thread."""


class Worker(Background):
    """Takes tasks from the broker; what it has begun is finished before it ends."""

    name = "worker"

    def run(self) -> None:
        controller = WorkController(
            app=app,
            pool_cls="threads",
            concurrency=settings.WORKER_THREADS,
            loglevel="WARNING",
            # One worker has nobody to gossip with; a job's lease, not a heartbeat, says that it lives.
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        hub = getattr(controller, "hub", None)
        if hub is not None:
            # The loop of a broker over the network sleeps until its next timer, which may be 10 seconds away.
            hub.call_repeatedly(WAKE_SECONDS, lambda: None)
        controller.start()

    def ask_to_end(self) -> None:
        state.should_stop = 0  # type: ignore[assignment]  # an exit code: the consumer raises WorkerShutdown(0) at its next step


class Beat(Background):
    """Sends what is due, from the schedules in the database: what Celery's own loop does, but it wakes to end."""

    name = "beat"

    def run(self) -> None:
        scheduler = symbol_by_name(app.conf.beat_scheduler)(app=app)
        try:
            while not self._stopping.wait(scheduler.tick()):
                if scheduler.should_sync():
                    scheduler.sync()
        finally:
            scheduler.close()

    def ask_to_end(self) -> None:
        """`run` waits for the same event as everything else."""
