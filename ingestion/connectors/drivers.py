"""Drivers that are optional: a missing one is a sentence that names its package."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ingestion.connectors.base import SourceError


def driver(module: str, *, package: str, engine: str) -> Any:
    """The driver's module. Raises SourceError where the package is not installed."""
    try:
        return import_module(module)
    except ImportError:
        raise SourceError(
            f"Collecting from {engine} needs the Python package '{package}': install what requirements-connectors.txt "
            "lists",
            code="DRIVER_MISSING",
        ) from None
