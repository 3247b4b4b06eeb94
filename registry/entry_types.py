"""The types of sources and tools that are known by name, and what is particular to each.

A type is any word; of a known one, the fields named here must be what they are said to be. Further fields are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs

from contracts.errors import Invalid
from registry.models.entries import EntryKind

Schema = Mapping[str, Any]

_TEXT: Schema = {"type": "string", "maxLength": 2000}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_AMOUNT: Schema = {"type": "number", "minimum": 0}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_WORDS: Schema = {"type": "array", "items": {"type": "string", "maxLength": 200}, "maxItems": 200}
_URL: Schema = {"type": "string", "pattern": r"^https?://\S+$", "maxLength": 500}

_SEQUENCES: dict[str, Schema] = {"accession": _TEXT, "sequence_count": _COUNT, "sequence_length": _COUNT}
_EVERY_SOURCE: dict[str, Schema] = {**_SEQUENCES, "mass_da": _AMOUNT, "gc_content": _SHARE}
_EVERY_TOOL: dict[str, Schema] = {
    "programming_language": _TEXT,
    "platforms": _WORDS,
    "input_formats": _WORDS,
    "output_formats": _WORDS,
    "container_image": _TEXT,
    "documentation_url": _URL,
}

SOURCE_TYPES: dict[str, dict[str, Schema]] = {
    "protein": {
        "entry_name": _TEXT,
        "protein_name": _TEXT,
        "gene_name": _TEXT,
        "crc64": {"type": "string", "pattern": "^[0-9A-F]{16}$"},
    },
    "genome": {
        "definition": _TEXT,
        "assembly": _TEXT,
        "assembly_level": {"enum": ["complete", "chromosome", "scaffold", "contig"]},
        "molecule_type": _TEXT,
        "topology": {"enum": ["linear", "circular"]},
        "chromosome_count": _COUNT,
        "gene_count": _COUNT,
    },
    "transcript": {"gene_name": _TEXT, "molecule_type": _TEXT},
    "annotation": {"assembly": _TEXT, "feature_count": _COUNT, "gene_count": _COUNT},
    "variants": {"assembly": _TEXT, "variant_count": _COUNT, "sample_count": _COUNT},
    "structure": {
        "pdb_id": {"type": "string", "pattern": r"^(pdb_[0-9]{4})?[0-9][0-9A-Za-z]{3}$"},
        "method": _TEXT,
        "resolution_angstrom": _AMOUNT,
        "chain_count": _COUNT,
    },
    "dataset": {"row_count": _COUNT, "column_count": _COUNT},
}
TOOL_TYPES: dict[str, dict[str, Schema]] = {
    "alignment": {"algorithm": _TEXT, "sequence_types": {**_WORDS, "items": {"enum": ["protein", "nucleotide"]}}},
    "assembly": {"algorithm": _TEXT, "read_types": {**_WORDS, "items": {"enum": ["short", "long"]}}},
    "annotation": {"reference_databases": _WORDS},
    "variant-calling": {"algorithm": _TEXT, "variant_types": _WORDS},
    "visualization": {"interactive": {"type": "boolean"}},
}


def fields_of(kind: str, entry_type: str) -> dict[str, Schema]:
    """What is said of the metadata of this type, by field; of an unknown one, what holds for all of its kind."""
    if kind == EntryKind.SOURCE:
        return _EVERY_SOURCE | SOURCE_TYPES.get(entry_type, {})
    return _EVERY_TOOL | TOOL_TYPES.get(entry_type, {})


def check_metadata(kind: str, entry_type: str, metadata: Mapping[str, Any]) -> None:
    """Raise Invalid that names each field which is not what its type says."""
    validator = _validator(kind, entry_type)
    if not validator.is_valid(metadata):
        problems = [f"{_path(error)}: {error.message}." for error in validator.iter_errors(metadata)]
        raise Invalid(fields={"metadata": problems})


@lru_cache(maxsize=128)
def _validator(kind: str, entry_type: str) -> Any:
    schema = {"type": "object", "properties": fields_of(kind, entry_type)}
    return jsonschema_rs.Draft202012Validator(schema, mask="this value")


def _path(error: Any) -> str:
    return ".".join(str(step) for step in error.instance_path)
