"""Whose address a request has, with and without proxies."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from contracts.addresses import client_address

PROXIES = ["10.0.0.0/8", "2001:db8::/32", "127.0.0.1"]


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "client"),
    [
        ([], "10.0.0.1", "1.2.3.4", "10.0.0.1"),
        (PROXIES, "203.0.113.9", "1.2.3.4", "203.0.113.9"),
        (PROXIES, "10.0.0.1", "", "10.0.0.1"),
        (PROXIES, "10.0.0.1", "1.2.3.4", "1.2.3.4"),
        (PROXIES, "10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (PROXIES, "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.2.2.2", "1.2.3.4"),
        (PROXIES, "10.0.0.1", "10.3.3.3, 10.2.2.2", "10.3.3.3"),
        (PROXIES, "10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1"),
        (PROXIES, "10.0.0.1", "nonsense, 1.2.3.4", "1.2.3.4"),
        (PROXIES, "10.0.0.1", "1.2.3.4:5678", "1.2.3.4"),
        (PROXIES, "10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"),
        (PROXIES, "2001:db8::1", "[2001:db9::7]:443", "2001:db9::7"),
        (PROXIES, "127.0.0.1", " , ,1.2.3.4, ", "1.2.3.4"),
        (PROXIES, "::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ([], "::ffff:203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ([], "a socket", "1.2.3.4", "a socket"),
        (PROXIES, "", "1.2.3.4", "unknown"),
    ],
)
def test_only_our_proxies_are_believed(trusted: list[str], peer: str, forwarded: str, client: str, settings) -> None:
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == client
