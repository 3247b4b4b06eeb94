from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.actor import operator_actor
from accounts.models import Organization, Role
from accounts.services import create_member
from audit.commands import DomainCommand


class Command(DomainCommand):
    help = "Make somebody a member of an organization; whoever has no account yet gets one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", help="The organization's slug.")
        parser.add_argument("email")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--name", default="", help="As shown to people.")
        parser.add_argument("--username", default="", help="The e-mail address where none is given.")
        parser.add_argument("--password", help="For a new account, taken as it is; one is made where none is given.")

    def handle(self, *args: Any, **options: Any) -> None:
        made = create_member(
            actor=operator_actor(),
            organization=Organization.objects.named(options["organization"]),
            email=options["email"],
            role=options["role"],
            name=options["name"],
            username=options["username"],
            password=options["password"],
            check_password=False,
        )
        member = made.membership
        line = f"{member.user.email} is now {member.get_role_display().lower()} in '{member.organization.slug}'"
        if made.password:
            line += f"; the password, shown this once: {made.password}"
        self.stdout.write(line)
