"""`manage.py up`: run everything in one process."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.embedded import run
from config.prepare import claim


class Command(BaseCommand):
    help = "Runs Cartulary: HTTP, WebSocket and gRPC, a worker and the schedule, on what the environment names."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        run(claim(), sys.stdout)
