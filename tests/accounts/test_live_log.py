"""The log of missed events, asked with cursors that are none of ours."""

from __future__ import annotations

from uuid import uuid4

import pytest

from accounts.live_log import LocalLog


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 30, "٣", "²", "-1", ""])
def test_a_cursor_that_was_never_given_is_told_so(number: str) -> None:
    log, organization = LocalLog(), uuid4()
    life = log.append(organization, "topic", {"n": 1}).partition("-")[0]
    missed = log.since(organization, f"{life}-{number}")
    assert (missed.entries, missed.is_complete) == ([], False)
