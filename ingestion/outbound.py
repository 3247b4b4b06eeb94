"""HTTP to elsewhere: each connection goes to an address that the guard has seen, whatever the name means later."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from ingestion.guard import allowed_addresses

WRITTEN_AT_ONCE = 65_536  # bytes


class _LimitedStream(httpcore.NetworkStream):
    """A connection with an end: a peer that trickles would else begin the time limit anew with each byte."""

    def __init__(self, inner: httpcore.NetworkStream, until: float) -> None:
        self._inner, self._until = inner, until

    def _left(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise late("The connection was open for too long")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITTEN_AT_ONCE):
            part = buffer[start : start + WRITTEN_AT_ONCE]
            self._inner.write(part, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._inner.start_tls(ssl_context, server_hostname, self._left(timeout, httpcore.ConnectTimeout))
        return _LimitedStream(secured, self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _GuardedBackend(httpcore.NetworkBackend):
    """Resolves through the guard and connects to what it allows; TLS still checks the host's name."""

    def __init__(self, lifetime: float | None) -> None:
        self._inner = httpcore.SyncBackend()
        self._lifetime = lifetime

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
                stream = self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
                return _LimitedStream(stream, time.monotonic() + self._lifetime) if self._lifetime else stream
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")


class _GuardedTransport(httpx.HTTPTransport):
    def __init__(self, *, verify: bool = True, lifetime: float | None = None) -> None:
        super().__init__(verify=verify)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(verify=verify),
            max_connections=10,
            network_backend=_GuardedBackend(lifetime),
        )


def http_client(
    *, base_url: str = "", timeout: float = 30, lifetime: float | None = None, verify: bool = True, **options: Any
) -> httpx.Client:
    """A client that goes through the guard, uses no proxy and follows no redirect.

    `timeout` is for each step, `lifetime` for all that a connection does once it is open, both in seconds.
    Certificates are checked against `SSL_CERT_FILE` or `SSL_CERT_DIR` of the environment, else the usual authorities.

    Raises the guard's Blocked and Unresolvable when it connects.
    """
    return httpx.Client(
        base_url=base_url,
        timeout=timeout,
        transport=_GuardedTransport(verify=verify, lifetime=lifetime),
        follow_redirects=False,
        trust_env=False,
        **options,
    )
