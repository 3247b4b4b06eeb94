"""Remove the records that were kept long enough."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import DomainCommand
from ingestion.services.pruning import KINDS, prune


class Command(DomainCommand):
    help = (
        "Remove old records: ended runs, webhook deliveries, profiles, stream events, expired sessions, and, where "
        "KEEP_DELETED_DAYS says so, what was deleted long ago. Never the trail, never an asset."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be removed.")
        for name, kind in KINDS.items():
            parser.add_argument(
                f"--{name}", type=int, metavar="DAYS", help=f"Keep so many days, instead of {kind.setting}; 0: all."
            )

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        days = {name: options[name] for name in KINDS if options[name] is not None}
        counts = prune(days=days, dry_run=dry_run)
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.stdout.write(f"{'Would remove' if dry_run else 'Removed'} {told}.")
