from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit.commands import DomainCommand
from audit.verification import verify_trail


class Command(DomainCommand):
    help = "Verify the audit trail against its sealed blocks; fails when anything was altered, removed or slipped in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--head", default="", help="The head that an earlier run printed: it must still be there.")

    def handle(self, *args: Any, **options: Any) -> None:
        result = verify_trail(expected_head=options["head"])
        for finding in result.findings:
            self.stderr.write(finding.message)
        if not result.is_intact:
            raise CommandError(f"The trail is not as it was sealed: {result.found} findings in {result.blocks} blocks")
        self.stdout.write(
            f"The trail is intact: {result.events} events in {result.blocks} blocks,"
            f" {result.waiting} wait to be sealed; head {result.head}"
        )
