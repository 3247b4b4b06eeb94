"""`manage.py grpcserver`: the gRPC server alone, beside other processes on the same database."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.prepare import CannotStart
from config.rpc import RpcServer

GRACE = 5.0  # seconds


class Command(BaseCommand):
    help = "Runs the gRPC server alone, on HOST and GRPC_PORT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.GRPC_PORT)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        ended = threading.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: ended.set())
        try:
            server = RpcServer(host, port)
        except CannotStart as error:
            raise CommandError(str(error)) from None
        server.ready()
        self.stdout.write(f"gRPC is served on {host}:{port}")
        self.stdout.flush()
        ended.wait()
        server.stop(GRACE)
        self.stdout.write("Stopped.")
