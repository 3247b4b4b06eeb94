from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.actor import operator_actor
from audit.commands import DomainCommand
from registry.services.integrity import spoken_of, sweep_files, verify_files


class Command(DomainCommand):
    help = "Read every stored file and compare it with its checksum; fails when one is missing or damaged."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sweep", action="store_true", help="Also remove what nothing has spoken of for a day.")

    def handle(self, *args: Any, **options: Any) -> None:
        check = verify_files(actor=operator_actor())
        bad = [*check.missing, *check.damaged]
        uses = spoken_of(entry["sha256"] for entry in bad)
        for entry in bad:
            where = ", ".join(uses[entry["sha256"]])
            self.stderr.write(f"sha256-{entry['sha256']} ({where}): {entry.get('problem', 'it is missing')}")
        if options["sweep"]:
            swept = sweep_files()
            self.stdout.write(f"Removed {sum(swept.values())} leftovers")
        if bad:
            raise CommandError(
                f"{len(check.missing)} files are missing and {len(check.damaged)} damaged, of {check.checked}"
            )
        self.stdout.write(
            f"All {check.checked} stored files are what they were: {check.bytes} bytes read,"
            f" {len(check.unused)} contents that nothing speaks of"
        )
