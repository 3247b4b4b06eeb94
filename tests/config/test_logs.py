"""Logs: for people or as JSON, from both kinds of loggers, and never with a secret."""

from __future__ import annotations

import json
import logging
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from config import logs

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiMSJ9.c2lnbmF0dXJlLW9mLWl0"
KEY = "ctly_" + "k" * 43


@contextmanager
def logging_as(form: str) -> Iterator[None]:
    """Logging as the application sets it up, and back."""
    root = logging.getLogger()
    before, level, of_structlog = root.handlers[:], root.level, structlog.get_config()
    logging.config.dictConfig(logs.configure(as_json=form == "json", level="INFO"))
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        structlog.configure(**of_structlog)


def test_json_is_one_object_a_line(capsys):
    with logging_as("json"):
        structlog.get_logger("ours").info("source_tested", source="orders", milliseconds=12)
        logging.getLogger("library").warning("It took %d s\nand more", 3, extra={"job": "7"})
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["event"], first["source"], first["milliseconds"], first["level"]) == (
        "source_tested",
        "orders",
        12,
        "info",
    )
    assert (second["event"], second["job"], second["logger"]) == ("It took 3 s\nand more", "7", "library")
    assert first["timestamp"].endswith("Z")


def test_traceback_is_inside_the_object(capsys):
    with logging_as("json"):
        try:
            raise ValueError("postgresql://u:hunter2@h/db does not answer")
        except ValueError:
            logging.getLogger("library").exception("It failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert "Traceback" in json.loads(line)["exception"]
    assert "hunter2" not in line


def test_context_of_the_request_is_on_every_line(capsys):
    with logging_as("json"), structlog.contextvars.bound_contextvars(request_id="r-1"):
        logging.getLogger("library").warning("x")
    said = capsys.readouterr().err
    assert json.loads(said)["request_id"] == "r-1", said


def test_people_read_plain_lines(capsys):
    with logging_as("text"):
        structlog.get_logger("ours").warning("worker_ended", exit=3)
    said = capsys.readouterr().err
    assert "worker_ended" in said
    assert "exit=3" in said
    assert "\x1b[" not in said, "colours, though this is no terminal"


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    "secret",
    [
        f"GET /v1/ws?token={JWT}",
        f"GET /v1/ws?a=1&token={KEY}&b=2",
        f"Authorization: Bearer {JWT}",
        "authorization: basic dXNlcjpwYXNzd29yZA==",
        f"the key {KEY} was used",
        "connecting to amqp://user:hunter2@broker:5672//",
        "postgresql://u:hunter2@h/db",
    ],
)
def test_what_looks_like_a_secret_is_masked(capsys, form, secret):
    with logging_as(form):
        logging.getLogger("library").warning("about %s", secret)
        structlog.get_logger("ours").warning("about", what=secret, deep={"list": [secret]})
    said = capsys.readouterr().err
    assert logs.MASK in said
    for part in (JWT, KEY, "hunter2", "dXNlcjpwYXNzd29yZA=="):
        assert part not in said


@pytest.mark.parametrize("name", ["password", "DB_PASSWORD", "client_secret", "api_key", "X-API-Key", "Authorization"])
def test_what_is_named_like_a_secret_is_masked(capsys, name):
    with logging_as("json"):
        structlog.get_logger("ours").warning("about", **{name: "hunter2"})
        structlog.get_logger("ours").warning("about", config={name: ["hunter2"], "host": "h"})
    said = capsys.readouterr().err
    assert "hunter2" not in said
    assert '"host": "h"' in said


@pytest.mark.parametrize(
    "text", ["http://example.com/a:b@c", "the token is shown once", "mail@example.com", "a?token="]
)
def test_what_is_no_secret_stays(text):
    assert logs.scrub_text(text) == text
