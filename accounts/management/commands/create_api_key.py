from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.actor import operator_actor
from accounts.models import Organization, Role
from accounts.services import create_api_key
from audit.commands import DomainCommand


class Command(DomainCommand):
    help = "Make an API key of an organization and print it, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", help="The organization's slug.")
        parser.add_argument("--name", required=True, help="What uses it.")
        parser.add_argument("--role", required=True, choices=Role.values)

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.named(options["organization"])
        made = create_api_key(
            actor=operator_actor(), organization=organization, name=options["name"], role=options["role"]
        )
        role = made.api_key.get_role_display().lower()
        key = made.api_key
        self.stdout.write(f"The API key '{key.name}' ({role} in '{organization.slug}'), shown this once: {made.key}")
