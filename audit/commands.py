"""The base of our management commands: what the domain refuses is one clear line, never a traceback."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError

from contracts.errors import DomainError


class DomainCommand(BaseCommand):
    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DomainError as error:
            raise CommandError(error.message) from error
        except (OperationalError, ProgrammingError) as error:
            words = str(error).strip().splitlines() or [type(error).__name__]
            raise CommandError(f"The database does not answer as it should ({words[0]}); is it migrated?") from error
