from __future__ import annotations

import os
from typing import Any

from django.core.management.base import CommandParser

from accounts.services import ensure_first_admin
from audit.commands import DomainCommand


class Command(DomainCommand):
    help = "Make the first superuser and the first organization, where there are none; harmless to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        for name, default in (("username", "admin"), ("email", "admin@localhost"), ("password", "one is made")):
            variable = f"DJANGO_SUPERUSER_{name.upper()}"
            parser.add_argument(
                f"--{name}", default=os.environ.get(variable, ""), help=f"From {variable}, else {default}."
            )
        parser.add_argument(
            "--organization",
            default=os.environ.get("ORGANIZATION", ""),
            help="The name of the first organization; from ORGANIZATION, else Main.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        admin = ensure_first_admin(
            username=options["username"],
            email=options["email"],
            password=options["password"],
            organization_name=options["organization"],
        )
        who = f"{admin.user.username} ({admin.user.email})"
        if not admin.created:
            self.stdout.write(f"{who} is the first administrator already")
            return
        line = f"{who} is the first administrator, in '{admin.organization.slug}'"
        if admin.password:
            line += f"; the password, shown this once: {admin.password}"
        self.stdout.write(line)
