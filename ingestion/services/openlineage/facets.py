"""What the standard facets say of an asset, in the catalog's words.

A facet that is marked `_deleted` says that there is no such thing any more: no description, no schema, no tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingestion.services.openlineage.events import Dataset, Event, Facets, Name

TYPES = {"TABLE": "TABLE", "VIEW": "VIEW", "TOPIC": "TOPIC", "STREAM": "TOPIC"}
"""Of `datasetType`; the others (FILE, MODEL, …) are DATASET."""
_JOB_WORDS = {"integration": "integration", "processingType": "processing_type", "jobType": "job_type"}


@dataclass(slots=True)
class Said:
    """What one event says of one asset. None: nothing.

    `notes` are kept in the asset's metadata under `openlineage`.
    """

    type: str | None = None
    description: str | None = None
    schema: list[dict[str, Any]] | None = None
    tags: list[str] | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def is_nothing(self) -> bool:
        """Whether it says no more than that the asset is there."""
        return self.type is None and self.description is None and self.schema is None and self.tags is None


def of_job(event: Event) -> Said:
    """What an event says of its job."""
    facets = event.job_facets
    said = Said(description=_description(facets), tags=_tags(facets))
    said.notes["producer"] = event.producer
    kind = facets.get("jobType", {})
    said.notes |= {word: kind[key] for key, word in _JOB_WORDS.items() if kind.get(key)}
    if query := facets.get("sql", {}).get("query"):
        said.notes["sql"] = query
    if url := facets.get("sourceCodeLocation", {}).get("url"):
        said.notes["source_code"] = url
    said.notes |= _owners(facets)
    return said


def of_dataset(dataset: Dataset) -> Said:
    """What an event says of a dataset."""
    facets = dataset.facets
    said = Said(description=_description(facets), tags=_tags(facets))
    kind = facets.get("datasetType", {}).get("datasetType")
    if kind:
        said.type = TYPES.get(kind.upper(), "DATASET")
        said.notes["dataset_type"] = kind
    if "schema" in facets:
        said.schema = _elements(facets["schema"].get("fields", ()))
        _tag_elements(said.schema, facets)
    elif column_tags := {each["field"]: _tag(each) for each in _given_tags(facets) if each.get("field")}:
        said.notes["column_tags"] = column_tags
    said.notes |= _owners(facets)
    return said


def symlinks(dataset: Dataset) -> list[Name]:
    """The other names of a dataset."""
    identifiers = dataset.facets.get("symlinks", {}).get("identifiers", ())
    return [Name(each["namespace"], each["name"]) for each in identifiers]


def column_sources(dataset: Dataset) -> dict[Name, dict[str, list[str]]]:
    """Of each dataset that this one's columns are made from: this one's columns, and the columns they are made from.

    A column that only decides which rows there are (`INDIRECT`) makes no other; its dataset is named all the same.
    """
    facet = dataset.facets.get("columnLineage", {})
    found: dict[Name, dict[str, list[str]]] = {}
    for column, made in facet.get("fields", {}).items():
        for source in made["inputFields"]:
            mapping = found.setdefault(Name(source["namespace"], source["name"]), {})
            if _is_direct(source) and source["field"] not in mapping.setdefault(column, []):
                mapping[column].append(source["field"])
    for source in facet.get("dataset", ()):
        found.setdefault(Name(source["namespace"], source["name"]), {})
    return {name: {column: sources for column, sources in each.items() if sources} for name, each in found.items()}


def _is_direct(source: Mapping[str, Any]) -> bool:
    kinds = {each["type"].upper() for each in source.get("transformations", ())}
    return not kinds or "DIRECT" in kinds


def _description(facets: Facets) -> str | None:
    return facets["documentation"].get("description", "") if "documentation" in facets else None


def _owners(facets: Facets) -> dict[str, Any]:
    given = facets.get("ownership", {}).get("owners", ())
    owners = [{key: each[key] for key in ("name", "type") if key in each} for each in given]
    return {"owners": owners} if owners else {}


def _tags(facets: Facets) -> list[str] | None:
    if "tags" not in facets:
        return None
    return [_tag(each) for each in _given_tags(facets) if not each.get("field")]


def _given_tags(facets: Facets) -> Sequence[Mapping[str, Any]]:
    given: Sequence[Mapping[str, Any]] = facets.get("tags", {}).get("tags", ())
    return given


def _tag(given: Mapping[str, Any]) -> str:
    """A tag's name: its key, and its value where that says more than yes."""
    key, value = str(given["key"]), str(given["value"])
    return key if value.lower() in {"", "true", key.lower()} else f"{key}:{value}"


def _elements(fields: Any) -> list[dict[str, Any]]:
    elements = []
    for place, given in enumerate(fields, 1):
        element: dict[str, Any] = {
            "name": given["name"],
            "type": given.get("type") or "unknown",
            "position": max(given.get("ordinal_position", place), 0),
        }
        if given.get("description"):
            element["description"] = given["description"]
        if given.get("fields"):
            element["children"] = _elements(given["fields"])
        elements.append(element)
    return elements


def _tag_elements(elements: list[dict[str, Any]], facets: Facets) -> None:
    """Put the tags that are a column's at their columns (`address.city` is below `address`)."""
    by_path = dict(_paths(elements))
    for given in _given_tags(facets):
        element = by_path.get(given.get("field"))
        if element is not None:
            element.setdefault("tags", []).append(_tag(given))


def _paths(elements: list[dict[str, Any]], before: str = "") -> Iterator[tuple[str | None, dict[str, Any]]]:
    for element in elements:
        path = f"{before}{element['name']}"
        yield path, element
        yield from _paths(element.get("children", []), f"{path}.")
