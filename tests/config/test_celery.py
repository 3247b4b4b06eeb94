"""Which queue a message takes, and that none waits behind another's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from kombu import Connection, Consumer

from config.celery import app

JOBS = 300
PREFETCH = 4


@pytest.fixture
def broker() -> Iterator[Connection]:
    """The embedded set-up's: in memory. Its queues are empty."""
    with Connection("memory://queues") as connection:
        for queue in app.amqp.queues.values():
            bound = queue.bind(connection.default_channel)
            bound.declare()
            bound.purge()
        yield connection


@pytest.mark.parametrize(
    "task", [*(each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()), "ingestion.deliver_webhook"]
)
def test_what_beat_asks_for_and_messages_pass_by_jobs_that_wait(broker: Connection, task: str) -> None:
    for number in range(JOBS):
        app.send_task("ingestion.run_job", args=[str(number)], connection=broker)
    app.send_task(task, args=[], connection=broker)
    taken: list[str] = []

    def take(body: Any, message: Any) -> None:
        taken.append(message.headers["task"])
        message.ack()

    queues = list(app.amqp.queues.consume_from.values())
    with Consumer(broker.default_channel, queues, callbacks=[take], prefetch_count=PREFETCH):
        while task not in taken:
            broker.drain_events(timeout=10)
    assert len(taken) <= PREFETCH


def test_jobs_have_the_queue_that_is_configured() -> None:
    assert app.amqp.router.route({}, "ingestion.run_job")["queue"].name == settings.CELERY_TASK_DEFAULT_QUEUE
