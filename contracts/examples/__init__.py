"""What the contracts' pages show, as examples of the OpenAPI schema: one module for each contract.

The keys are operations without their mount: `POST /assets`, `GET /projects/{project_id}/releases`.
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.examples import collection, entities, metastore, registry, releases
from contracts.examples.example import Example

EXAMPLES: Mapping[str, Mapping[str, Example]] = {
    "collection": collection.EXAMPLES,
    "entities": entities.EXAMPLES,
    "metastore": metastore.EXAMPLES,
    "registry": registry.EXAMPLES,
    "releases": releases.EXAMPLES,
}

__all__ = ["EXAMPLES", "Example"]
