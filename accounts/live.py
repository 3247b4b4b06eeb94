"""Live events to the sockets of one organization, whatever the channel layer behind them."""

from __future__ import annotations

from typing import Any
from uuid import UUID


def publish(organization_id: UUID, topic: str, event: dict[str, Any]) -> None:
    """Tell the organization's sockets that follow `topic` ("task.progress:<job id>", "asset.updates:<asset id>").

    `event` holds plain JSON values and has a `type`. Called after commit. Never raises: an event that
    cannot be delivered is logged, what it tells of is committed all the same.
    """
