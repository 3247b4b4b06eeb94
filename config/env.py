"""Typed environment readers: a value that cannot be read stops the start with one clear line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import FileAwareEnv

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_BYTES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_PERIODS = {"second", "minute", "hour", "day"}
_DATABASE_SCHEMES = {"postgres", "postgresql", "sqlite"}


class Environment:
    """Reads one mapping of environment variables. Every error names the variable and what it takes."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = os.environ if values is None else values

    def text(self, name: str, default: str = "") -> str:
        """The variable; or, where `NAME_FILE` names a file (a mounted secret), what that file holds."""
        value = self._value(name)
        path = self._value(f"{name}_FILE")
        if path and not value:
            try:
                return Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ImproperlyConfigured(f"{name}_FILE: {path} cannot be read ({error.__class__.__name__})") from None
        return value or default

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._value(name).lower()
        if not value:
            return default
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        raise ImproperlyConfigured(f"{name} must be true or false, not '{value}'")

    def integer(self, name: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
        value = self._value(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}, not '{value}'")
        return number

    def choice(self, name: str, default: str, allowed: set[str]) -> str:
        """One of a few words, in any case; answered as `allowed` spells it."""
        value = self._value(name)
        if not value:
            return default
        for word in allowed:
            if word.lower() == value.lower():
                return word
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(sorted(allowed))}, not '{value}'")

    def names(self, name: str, default: list[str]) -> list[str]:
        """A comma-separated list."""
        value = self._value(name)
        return [part.strip() for part in value.split(",") if part.strip()] or default

    def networks(self, name: str) -> list[str]:
        """A comma-separated list of addresses and networks (CIDR), IPv4 or IPv6."""
        for part in self.names(name, []):
            try:
                ip_network(part, strict=False)
            except ValueError:
                raise ImproperlyConfigured(f"{name}: '{part}' is no address and no network") from None
        return self.names(name, [])

    def path(self, name: str, default: Path) -> Path:
        value = self._value(name)
        try:
            return Path(value).expanduser().resolve() if value else default
        except (OSError, RuntimeError):  # an unknown ~user, a loop of links
            raise ImproperlyConfigured(f"{name}: '{value}' is not a path that can be followed") from None

    def database(self, name: str, default: str) -> dict[str, Any]:
        """`postgresql://user:password@host:port/name` or `sqlite:////absolute/path`."""
        url = self.text(name, default)
        try:
            parts = urlsplit(url)
            if parts.scheme not in _DATABASE_SCHEMES or not url.startswith(f"{parts.scheme}://"):
                raise ImproperlyConfigured(f"{name} must begin with postgresql:// or sqlite:///")
            config = dict(FileAwareEnv.db_url_config(url))
        except (ValueError, KeyError):
            # The library's own message may hold the password.
            config = {}
        if not config.get("NAME"):
            raise ImproperlyConfigured(
                f"{name} must look like postgresql://user:password@host:5432/name or sqlite:////absolute/path"
            )
        return config

    def url(self, name: str, schemes: set[str], default: str = "") -> str:
        value = self.text(name, default)
        if value and not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ImproperlyConfigured(f"{name} must begin with one of {', '.join(sorted(s + '://' for s in schemes))}")
        return value

    def rate(self, name: str, default: str) -> str:
        """A rate as `100/hour`: a whole number (with KB, MB, GB for bytes) per second, minute, hour or day."""
        value = self.text(name, default).strip()
        amount, _, period = value.partition("/")
        if not _is_count(amount) or period not in _PERIODS:
            raise ImproperlyConfigured(f"{name} must look like 100/hour (second, minute, hour or day), not '{value}'")
        return value

    def quota(self, name: str, default: str) -> str:
        """Bytes per period as `100GB/day` (KB, MB, GB and TB are powers of 1000), read as `100000000000/day`."""
        value = self.text(name, default).strip()
        amount, _, period = value.partition("/")
        number, unit = amount.rstrip("KMGTBkmgtb"), amount.lstrip("0123456789").upper()
        if not _is_count(number) or unit not in _BYTES or period not in _PERIODS:
            raise ImproperlyConfigured(f"{name} must look like 100GB/day (second, minute, hour or day), not '{value}'")
        return f"{int(number) * _BYTES[unit]}/{period}"

    def _value(self, name: str) -> str:
        """The variable without the space around it; a variable of spaces only is as good as none."""
        return self.values.get(name, "").strip()


def _is_count(text: str) -> bool:
    """Whether it is a whole number from 1, in ASCII digits and of a sane length."""
    return text.isascii() and text.isdigit() and len(text) <= 18 and int(text) > 0
