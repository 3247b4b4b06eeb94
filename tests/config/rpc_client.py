"""A gRPC server on a free port, and clients made of nothing but descriptors, as any language would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from accounts.tokens import issue_tokens
from config import rpc_calls
from config.rpc import RpcServer
from tests.config.ports import free_port
from tests.config.running import until


@contextmanager
def serving() -> Iterator[str]:
    """The address of a server in this process; at the end its streams have seen that it is gone."""
    port = free_port()
    server = RpcServer("127.0.0.1", port)
    server.ready()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0.2)
        until(lambda: not rpc_calls._streams.count)


class Client:
    """Calls of one service by name: `client.GetAsset(id="…")`, as a member or with any metadata."""

    def __init__(self, address: str, service: ServiceDescriptor, member: Any = None, **metadata: str) -> None:
        self.channel = grpc.insecure_channel(address)
        self.service = service
        self.metadata = [(name.replace("_", "-"), value) for name, value in metadata.items()]
        if member is not None:
            self.metadata.append(("authorization", f"Bearer {issue_tokens(member).access}"))

    def __getattr__(self, name: str) -> Any:
        method = self.service.methods_by_name[name]
        request_class, answer_class = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
        make = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        stub: Any = make(
            f"/{self.service.full_name}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer_class.FromString,
        )

        def call(*, timeout: float = 60, **fields: Any) -> Any:
            return stub(request_class(**fields), timeout=timeout, metadata=self.metadata)

        return call

    def raw(self, name: str, data: bytes) -> Any:
        """Send any bytes as the request."""
        stub: Any = self.channel.unary_unary(f"/{self.service.full_name}/{name}")
        return stub(data, timeout=60, metadata=self.metadata)


class Refused:
    """What a refused call said."""

    def __init__(self, error: Any) -> None:
        self.code: grpc.StatusCode = error.code()
        self.message: str = error.details()
        self.details: dict[str, Any] = {}
        status = rpc_status.from_call(error)
        for each in status.details if status else ():
            found = getattr(error_details_pb2, each.TypeName().rpartition(".")[2])()
            each.Unpack(found)
            self.details[type(found).__name__] = found

    @property
    def reason(self) -> str:
        return str(self.details["ErrorInfo"].reason)


def refused(call: Any, **fields: Any) -> Refused:
    """The call, which must fail."""
    try:
        answer = call(**fields)
        list(answer) if hasattr(answer, "cancel") else None
    except grpc.RpcError as error:
        return Refused(error)
    raise AssertionError(f"it answered {answer}")
