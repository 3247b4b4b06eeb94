"""The OpenAPI schema of the contracts, from the same classes that speak them."""

from __future__ import annotations

from drf_spectacular.openapi import AutoSchema


class ContractSchema(AutoSchema):
    """Operations are grouped by contract."""

    def get_tags(self) -> list[str]:
        contract = getattr(self.view, "contract", "")
        return [contract] if contract else list(super().get_tags())
