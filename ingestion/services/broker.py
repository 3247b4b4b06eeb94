"""Waking workers through the broker, which may be down: rows wait, messages only wake."""

from __future__ import annotations

import logging

from celery import current_app
from kombu.exceptions import KombuError

logger = logging.getLogger(__name__)

EXPIRES = 60
"""Seconds a wake-up stays in the broker; the row waits as long as it takes."""


def send(task: str, *arguments: str, what: str) -> bool:
    """Ask the broker to have a task run; False, and a line in the log, when it does not take it."""
    try:
        current_app.send_task(task, args=list(arguments), expires=EXPIRES, retry=False, ignore_result=True)
    except _broker_errors() as error:
        logger.warning("The broker does not answer (%s); %s waits", error.__class__.__name__, what)
        return False
    return True


def _broker_errors() -> tuple[type[BaseException], ...]:
    """What a broker that is down, or refuses us, raises: the transport's own errors too."""
    connection = current_app.connection_for_write()
    return (KombuError, OSError, *connection.connection_errors, *connection.channel_errors)
