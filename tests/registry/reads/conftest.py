"""A source with two versions and a tool, in a storage of their own."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from registry.models import Version
from tests.registry.entries import INSULIN, XML, put


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.RATE_REGISTRY_ANONYMOUS = "100000/hour"


@pytest.fixture
def insulin(bob_actor: Actor) -> Version:
    put(bob_actor, "acme:P01308@1.4", {"P01308.fasta": INSULIN}, external_version="2024_12", release_date="2024-12-10")
    return put(
        bob_actor,
        "acme:P01308@1.5",
        {"P01308.fasta": INSULIN, "P01308.xml.gz": gzip.compress(XML)},
        description="Insulin decreases blood glucose concentration",
        external_version="2025_01",
        release_date="2025-01-15",
        tags=["protein", "hormone"],
        citations=[{"doi": "10.1093/nar/gkac1052", "title": "UniProt", "publication_date": "2023-01-06"}],
    )


@pytest.fixture
def blast(bob_actor: Actor) -> Version:
    return put(
        bob_actor,
        "acme:blast@2.14.0",
        {"blast.tar.gz": gzip.compress(b"archive")},
        kind="tool",
        type="alignment",
        name="BLAST: Basic Local Alignment Search Tool",
        description="Finds regions of similarity",
        license="Public Domain",
        repository_url="https://github.com/ncbi/blast",
        tags=["alignment"],
    )
