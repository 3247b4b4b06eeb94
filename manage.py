#!/usr/bin/env python
"""Cartulary's command line: `manage.py up` runs everything, `manage.py help` lists the rest."""

import os
import secrets
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from config.prepare import CannotStart, claim

    try:
        if sys.argv[1:2] == ["help"] or {"-h", "--help"} & set(sys.argv):
            os.environ.setdefault("SECRET_KEY", secrets.token_hex())  # help needs nothing that an installation has
        elif sys.argv[1:2] == ["up"]:
            claim()  # before the settings are read: they need what it makes
        execute_from_command_line(sys.argv)
    except (CannotStart, ImproperlyConfigured) as error:
        sys.exit(f"Cartulary cannot start: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
