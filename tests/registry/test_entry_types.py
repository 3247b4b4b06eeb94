"""What is particular to a type of sources or tools: checked where the type knows a field, free where it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from contracts.errors import Invalid
from registry.entry_types import SOURCE_TYPES, TOOL_TYPES, check_metadata, fields_of
from registry.models import Entry, EntryKind
from registry.models.entries import type_validator
from registry.services.describing import update_entry
from tests.registry.entries import INSULIN, put


@pytest.mark.parametrize(
    ("kind", "entry_type", "metadata", "words"),
    [
        ("source", "genome", {"gc_content": 1.01}, "gc_content"),
        ("source", "genome", {"topology": "knotted"}, "topology"),
        ("source", "structure", {"pdb_id": "not one"}, "pdb_id"),
        ("source", "protein", {"crc64": "abc"}, "crc64"),
        ("source", "variants", {"sample_count": -1}, "sample_count"),
        ("source", "anything", {"sequence_count": True}, "sequence_count"),
        ("tool", "assembly", {"read_types": ["short", "purple"]}, "read_types.1"),
        ("tool", "anything", {"platforms": "linux"}, "platforms"),
    ],
)
def test_a_known_field_is_what_it_is_said_to_be(
    kind: str, entry_type: str, metadata: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check_metadata(kind, entry_type, metadata)
    (problem,) = refused.value.fields["metadata"]
    assert problem.startswith(f"{words}: ")


def test_what_no_type_knows_is_free() -> None:
    check_metadata("source", "protein", {"colour": ["red"], "topology": "knotted"})
    check_metadata("tool", "word-of-ours", {"algorithm": 5})


def test_every_type_is_one_that_can_be_published() -> None:
    for kind, types in ((EntryKind.SOURCE, SOURCE_TYPES), (EntryKind.TOOL, TOOL_TYPES)):
        for name in types:
            type_validator(name)
            jsonschema_rs.meta.validate({"properties": fields_of(kind, name)})


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.mark.django_db
def test_tools_show_theirs_too(bob_actor: Actor, anonymous: APIClient) -> None:
    metadata = {"algorithm": "seed and extend", "sequence_types": ["protein"]}
    put(bob_actor, "acme:blast@1.0", {"blast.txt": b"A program"}, kind="tool", type="alignment", metadata=metadata)
    assert anonymous.get("/api/v1/tools/acme/blast").json()["data"]["alignment_metadata"] == metadata


@pytest.mark.django_db
def test_a_change_is_checked_as_well(bob_actor: Actor) -> None:
    version = put(bob_actor, "acme:P01308@1.0", {"P01308.fasta": INSULIN})
    with pytest.raises(Invalid, match="mass_da"):
        update_entry(actor=bob_actor, entry=version.entry, changes={"metadata": {"mass_da": "heavy"}})
    assert Entry.objects.get().metadata["mass_da"] == 11981
