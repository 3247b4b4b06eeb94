"""The gRPC server: the standard health and reflection services, and what the apps serve."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from config.prepare import CannotStart

THREADS = 8


class RpcServer:
    """Serves until stopped. Health answers NOT_SERVING until `ready` and again from the moment it stops."""

    def __init__(self, host: str, port: int) -> None:
        self._health = health.HealthServicer()
        self._set(health_pb2.HealthCheckResponse.NOT_SERVING)
        # Without this option two servers may share a port, and each would get some of the calls.
        self._server = grpc.server(
            ThreadPoolExecutor(THREADS, thread_name_prefix="grpc"), options=[("grpc.so_reuseport", 0)]
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise CannotStart(f"Port {port} on {host} cannot be used for gRPC: set GRPC_PORT to a free port") from error
        self._server.start()

    def ready(self) -> None:
        self._set(health_pb2.HealthCheckResponse.SERVING)

    def stop(self, grace: float) -> None:
        """End within `grace` seconds; calls under way may finish in that time."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace).wait()

    def wait(self) -> None:
        """Wait until it is stopped from another thread or by a signal."""
        self._server.wait_for_termination()

    def _set(self, status: int) -> None:
        self._health.set(health.OVERALL_HEALTH, status)
