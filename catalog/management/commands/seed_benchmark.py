"""Fill an organization with assets and relationships to measure on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.actor import operator_actor
from audit.commands import DomainCommand
from catalog.services.benchmark import seed_benchmark


class Command(DomainCommand):
    help = (
        "Fill an organization of its own with assets, tags, search documents and relationships to measure on, the"
        " same each time. Refuses an organization that has anything."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", nargs="?", default="benchmark", help="Its slug; made where there is none.")
        parser.add_argument("--assets", type=int, default=1_000_000)
        parser.add_argument("--relationships", type=int, help="As many as assets where not given.")

    def handle(
        self, *args: Any, organization: str, assets: int, relationships: int | None = None, **options: Any
    ) -> None:
        made = seed_benchmark(actor=operator_actor(), slug=organization, assets=assets, relationships=relationships)
        self.stdout.write(
            f"Organization '{made.organization.slug}' has {made.assets:,} assets and"
            f" {made.relationships:,} relationships to measure on."
        )
