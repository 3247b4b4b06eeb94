"""For tests of the trail."""

from datetime import timedelta

import pytest

from accounts.actor import operator_actor

NO_MARGIN = timedelta(milliseconds=-5)
"""Seals what was written just now: for tests, where nobody else writes."""


@pytest.fixture
def operator(db):
    return operator_actor(door="test")
