"""Receivers of webhooks that would hold a worker: they answer a little at a time, and never come to an end."""

import socket
import threading
import time

import pytest

from ingestion.models import WebhookDelivery
from ingestion.services import deliveries, webhooks

PATIENCE = 20
"""Seconds after which a server here ends by itself, so that a test fails where it would else wait for ever."""


class Trickle:
    """A server that sends `first`, and then `more` again and again for as long as somebody listens."""

    def __init__(self, first: bytes, more: bytes, pause: float) -> None:
        self.first, self.more, self.pause = first, more, pause
        self.given_up = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/hook"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        connection, _ = self.listener.accept()
        until = time.monotonic() + PATIENCE
        with connection:
            connection.recv(65_536)
            try:
                connection.sendall(self.first)
                while time.monotonic() < until:
                    connection.sendall(self.more)
                    time.sleep(self.pause)
            except OSError:
                self.given_up.set()

    def stop(self) -> None:
        self.thread.join(2 * PATIENCE)
        self.listener.close()


@pytest.fixture
def trickle():
    made = []

    def start(first, more, pause=0.05):
        made.append(Trickle(first, more, pause))
        return made[0]

    yield start
    for server in made:
        server.stop()


@pytest.fixture
def post(alice_actor, monkeypatch):
    """Post a test message there, with a second for each step."""
    monkeypatch.setattr(deliveries, "TIMEOUT", 1)

    def send(url) -> WebhookDelivery:
        body = {"name": "ops", "url": url, "events": ["asset.*"]}
        webhook, _ = webhooks.create_webhook(actor=alice_actor, data=body)
        return webhooks.ping(actor=alice_actor, webhook=webhook)

    return send


@pytest.mark.parametrize(
    ("first", "more"),
    [(b"HTTP/1.1 200 OK\r\n", b"X-More: yes\r\n"), (b"", b"HTTP/1.1 100 Continue\r\n\r\n")],
    ids=["headers", "interim answers"],
)
@pytest.mark.parametrize("pause", [0.05, 0], ids=["slow", "fast"])
def test_answer_that_never_comes_to_its_end_is_given_up(trickle, post, first, more, pause):
    server = trickle(first, more, pause)
    delivery = post(server.url)
    assert (delivery.status, delivery.response_status) == ("failed", None)
    assert delivery.error
    assert server.given_up.wait(2 * PATIENCE)


def test_body_that_never_comes_to_its_end_is_not_waited_for(trickle, post):
    server = trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x")
    delivery = post(server.url)
    assert (delivery.status, delivery.response_status) == ("succeeded", 200)
    assert set(delivery.response_body) == {"x"}
    assert server.given_up.wait(2 * PATIENCE)
