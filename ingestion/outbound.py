"""HTTP to elsewhere: each connection goes to an address that the guard has seen, whatever the name means later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from ingestion.guard import allowed_addresses


class _GuardedBackend(httpcore.NetworkBackend):
    """Resolves through the guard and connects to what it allows; TLS still checks the host's name."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in allowed_addresses(host, port):
            try:
                return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")


class _GuardedTransport(httpx.HTTPTransport):
    def __init__(self, *, verify: bool = True) -> None:
        super().__init__(verify=verify)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(verify=verify),
            max_connections=10,
            network_backend=_GuardedBackend(),
        )


def http_client(*, base_url: str = "", timeout: float = 30, verify: bool = True, **options: Any) -> httpx.Client:
    """A client that goes through the guard, uses no proxy and follows no redirect. `timeout` is in seconds.

    Certificates are checked against `SSL_CERT_FILE` or `SSL_CERT_DIR` of the environment, else the usual authorities.

    Raises the guard's Blocked and Unresolvable when it connects.
    """
    return httpx.Client(
        base_url=base_url,
        timeout=timeout,
        transport=_GuardedTransport(verify=verify),
        follow_redirects=False,
        trust_env=False,
        **options,
    )
