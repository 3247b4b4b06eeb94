"""What the bench works on: one organization, one member, and assets like those of a warehouse."""

from __future__ import annotations

from typing import Any

from accounts.actor import Actor, member_actor
from accounts.models import Membership, Organization, Role, User
from accounts.tokens import issue_tokens

TAGS = ["PII", "finance", "gold", "raw", "deprecated"]


class World:
    """The one tenant of a bench run, and a token of its member."""

    def __init__(self) -> None:
        self.organization = Organization.objects.create(slug="bench", name="Bench")
        self.user = User.objects.create(username="bench", email="bench@example.com", name="Bench")
        membership = Membership.objects.create(user=self.user, organization=self.organization, role=Role.ADMIN)
        self.actor: Actor = member_actor(membership, door="bench")
        self.token = issue_tokens(membership).access


def asset_rows(count: int, *, prefix: str, columns: int = 5) -> list[dict[str, Any]]:
    """Assets as a batch call carries them: tables with columns, metadata and two tags each."""
    return [
        {
            "type": "TABLE",
            "name": f"orders_{number:06d}",
            "qualified_name": f"{prefix}.sales.orders_{number:06d}",
            "description": f"Orders of shop {number}, one row an order",
            "metadata": {"database": prefix, "schema": "sales", "row_count": number * 17},
            "schema": [
                {"name": f"column_{position}", "type": "VARCHAR(200)", "nullable": True, "position": position}
                for position in range(1, columns + 1)
            ],
            "tags": [TAGS[number % 5], TAGS[(number + 1) % 5]],
        }
        for number in range(count)
    ]
