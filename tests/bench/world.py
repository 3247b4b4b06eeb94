"""What the bench works on: one organization, one member, and assets like those of a warehouse."""

from __future__ import annotations

import os
from typing import Any

from django.db import connection

from accounts.actor import Actor, member_actor, operator_actor
from accounts.models import Membership, Organization, Role, User
from accounts.tokens import issue_tokens
from catalog.models import Asset
from catalog.services.benchmark import seed_benchmark

SCALE = float(os.environ.get("BENCH_SCALE", "0.1"))
"""The share of the whole that is made."""
ASSETS = int(1_000_000 * SCALE)
TAGS = ["PII", "finance", "gold", "raw", "deprecated"]


class World:
    """A tenant of a bench run, and a token of its member."""

    def __init__(self, slug: str = "bench") -> None:
        self.organization, _ = Organization.objects.get_or_create(slug=slug, defaults={"name": slug.capitalize()})
        person = {"email": "bench@example.com", "name": "Bench"}
        self.user, _ = User.objects.get_or_create(username="bench", defaults=person)
        membership, _ = Membership.objects.get_or_create(
            user=self.user, organization=self.organization, defaults={"role": Role.ADMIN}
        )
        self.actor: Actor = member_actor(membership, door="bench")
        self.token = issue_tokens(membership).access

    def fill(self) -> None:
        """Put ASSETS assets and as many edges into the organization, unless they are there."""
        if Asset.objects.filter(organization=self.organization).exists():
            return
        seed_benchmark(actor=operator_actor(), slug=self.organization.slug, assets=ASSETS)
        settle()


def settle() -> None:
    """What autovacuum would have done by the time anybody asks: statistics, and no index entries that wait."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


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
