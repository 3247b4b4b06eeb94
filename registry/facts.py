"""What a file tells of itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Facts:
    """What was read. Empty values mean that the file does not tell."""

    type: str = ""
    name: str = ""
    description: str = ""
    external_id: str = ""
    organism: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    citations: list[dict[str, str]] = field(default_factory=list)


def together(read: Iterable[Facts]) -> Facts:
    """What several files of one version tell: of two that tell the same thing, the first is believed."""
    merged = Facts()
    for facts in read:
        merged = Facts(
            type=merged.type or facts.type,
            name=merged.name or facts.name,
            description=merged.description or facts.description,
            external_id=merged.external_id or facts.external_id,
            organism={**facts.organism, **merged.organism},
            metadata={**facts.metadata, **merged.metadata},
            tags=merged.tags or facts.tags,
            citations=merged.citations or facts.citations,
        )
    return merged
