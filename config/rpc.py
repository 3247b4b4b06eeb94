"""The gRPC server: the services of both contracts, and the standard health and reflection services."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from django.conf import settings
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

import catalog.rpc
import ingestion.rpc
import ingestion.rpc_tasks
from catalog.protos import metadata_pb2
from config.prepare import CannotStart
from config.rpc_calls import Streamed, Unary
from config.rpc_tls import credentials
from contracts.base import ContractView
from contracts.collection import Collection
from contracts.metastore import Metastore
from ingestion.protos import ingestion_pb2

METADATA: ServiceDescriptor = metadata_pb2.DESCRIPTOR.services_by_name["MetadataService"]
DATA_SOURCES: ServiceDescriptor = ingestion_pb2.DESCRIPTOR.services_by_name["DataSourceService"]
TASKS: ServiceDescriptor = ingestion_pb2.DESCRIPTOR.services_by_name["TaskService"]
TEMPLATES: ServiceDescriptor = ingestion_pb2.DESCRIPTOR.services_by_name["TemplateService"]
WATCHES: ServiceDescriptor = ingestion_pb2.DESCRIPTOR.services_by_name["WatchService"]

SERVICES: list[tuple[ServiceDescriptor, type[ContractView], Mapping[str, Any]]] = [
    (METADATA, Metastore, catalog.rpc.METADATA | ingestion.rpc.METADATA),
    (DATA_SOURCES, Collection, ingestion.rpc.DATA_SOURCES),
    (TASKS, Collection, ingestion.rpc_tasks.TASKS | ingestion.rpc_tasks.TASK_STREAMS),
    (TEMPLATES, Collection, ingestion.rpc.TEMPLATES),
    (WATCHES, Collection, ingestion.rpc_tasks.WATCH_STREAMS),
]
"""Each service, the contract whose words its errors use, and its calls by name."""


class RpcServer:
    """Serves until stopped. Health answers NOT_SERVING until `ready` and again from the moment it stops."""

    def __init__(self, host: str, port: int) -> None:
        self._health = health.HealthServicer()
        self._names = [health.OVERALL_HEALTH, *(service.full_name for service, _, _ in SERVICES)]
        self._set(health_pb2.HealthCheckResponse.NOT_SERVING)
        limit = settings.GRPC_MESSAGE_LIMIT
        self._server = grpc.server(
            ThreadPoolExecutor(settings.GRPC_THREADS, thread_name_prefix="grpc"),
            options=[
                # Without this option two servers may share a port, and each would get some of the calls.
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_metadata_size", 32 * 1024),
            ],
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._server.add_generic_rpc_handlers(handlers())
        reflection.enable_server_reflection(
            (health.SERVICE_NAME, reflection.SERVICE_NAME, *self._names[1:]), self._server
        )
        self._bind(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", host, port)
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

    def _bind(self, address: str, host: str, port: int) -> None:
        tls = credentials()
        try:
            if tls is None:
                self._server.add_insecure_port(address)
            else:
                self._server.add_secure_port(address, tls)
        except RuntimeError as error:
            raise CannotStart(f"Port {port} on {host} cannot be used for gRPC: set GRPC_PORT to a free port") from error

    def _set(self, status: int) -> None:
        for name in self._names:
            self._health.set(name, status)


def handlers() -> list[grpc.GenericRpcHandler]:
    """Every method of every service, as the server takes them. A method without a call is a mistake of ours."""
    streams = ThreadPoolExecutor(settings.GRPC_STREAMS + 2, thread_name_prefix="grpc-stream")
    found: list[grpc.GenericRpcHandler] = []
    for service, contract, calls in SERVICES:
        methods: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        for method in service.methods:
            named = (f"/{service.full_name}/{method.name}", GetMessageClass(method.input_type), contract)
            if method.server_streaming:
                streamed = Streamed(calls[method.name], *named)
                streamed.experimental_thread_pool = streams
                methods[method.name] = grpc.unary_stream_rpc_method_handler(streamed)
            else:
                methods[method.name] = grpc.unary_unary_rpc_method_handler(Unary(calls[method.name], *named))
        found.append(grpc.method_handlers_generic_handler(service.full_name, methods))
    return found
