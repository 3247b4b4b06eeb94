from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.actor import operator_actor
from accounts.services import create_organization
from audit.commands import DomainCommand


class Command(DomainCommand):
    help = "Make an organization."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="Letters, digits, '.', '_' and '-'.")
        parser.add_argument("--name", default="", help="As shown to people; the slug where none is given.")

    def handle(self, *args: Any, **options: Any) -> None:
        made = create_organization(actor=operator_actor(), slug=options["slug"], name=options["name"])
        self.stdout.write(f"Organization '{made.slug}' ({made.name}) was made.")
