"""An example of one operation, and the values that several of them show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drf_spectacular.plumbing import build_examples_list
from drf_spectacular.utils import OpenApiExample

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
OTHER_ID = "01890a5d-ac96-7ab2-8d3e-1d6e4d6f3a11"
CREATED = "2024-01-01T00:00:00Z"


@dataclass(frozen=True)
class Example:
    """What is sent, as JSON, and what is answered; None where there is no body."""

    request: Any = None
    response: Any = None
    status: int = 200

    def show_in(self, operation: dict[str, Any]) -> None:
        """Put both into an operation of the OpenAPI schema."""
        if self.request is not None:
            for media in operation["requestBody"]["content"].values():
                media["examples"] = _listed(self.request)
        if self.response is not None:
            media = operation["responses"][str(self.status)]["content"]["application/json"]
            media["examples"] = _listed(self.response)


def _listed(value: Any) -> dict[str, Any]:
    listed: dict[str, Any] = build_examples_list([OpenApiExample("Example", value)])
    return listed
