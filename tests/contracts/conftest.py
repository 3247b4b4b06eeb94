"""The tiny views of `tests.contracts.urls`, mounted for every test here; clients that see a 500 as the caller does."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import Membership
from accounts.tokens import issue_tokens


@pytest.fixture(autouse=True)
def _tiny_views(settings) -> None:
    settings.ROOT_URLCONF = "tests.contracts.urls"


def client_for(membership: Membership | None) -> APIClient:
    client = APIClient(raise_request_exception=False)
    if membership is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_tokens(membership).access}")
    return client


@pytest.fixture
def editor(bob_member: Membership) -> APIClient:
    return client_for(bob_member)


@pytest.fixture
def viewer(vera_member: Membership) -> APIClient:
    return client_for(vera_member)


@pytest.fixture
def nobody(db: None) -> APIClient:
    return client_for(None)
