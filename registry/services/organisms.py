"""Organisms of an organization, found again by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from registry.models import Organism

WELL_KNOWN: dict[str, tuple[int, str]] = {
    "homo sapiens": (9606, "Human"),
    "mus musculus": (10090, "Mouse"),
    "rattus norvegicus": (10116, "Rat"),
    "danio rerio": (7955, "Zebrafish"),
    "drosophila melanogaster": (7227, "Fruit fly"),
    "caenorhabditis elegans": (6239, ""),
    "saccharomyces cerevisiae": (4932, "Baker's yeast"),
    "schizosaccharomyces pombe": (4896, "Fission yeast"),
    "arabidopsis thaliana": (3702, "Thale cress"),
    "escherichia coli": (562, ""),
    "bos taurus": (9913, "Bovine"),
    "sus scrofa": (9823, "Pig"),
    "gallus gallus": (9031, "Chicken"),
    "xenopus laevis": (8355, "African clawed frog"),
    "oryza sativa": (4530, "Rice"),
    "zea mays": (4577, "Maize"),
}
"""What is filled in for those that most files are of: FASTA headers bring no common name."""


def find_organism(organization_id: UUID, said: Mapping[str, Any]) -> Organism | None:
    """The organism of this name, made where there is none; what was not known of it before is filled in."""
    if not said:
        return None
    scientific = str(said["scientific_name"])
    number, common = WELL_KNOWN.get(scientific.casefold(), (None, ""))
    fields = {
        "ncbi_taxonomy_id": said.get("ncbi_taxonomy_id") or number,
        "common_name": said.get("common_name") or common,
        "rank": said.get("rank") or "species",
    }
    organism, created = Organism.objects.get_or_create(
        organization_id=organization_id,
        scientific_key=scientific.casefold(),
        defaults={"scientific_name": scientific, "common_key": str(fields["common_name"]).casefold(), **fields},
    )
    if created:
        return organism
    missing = {name: value for name, value in fields.items() if value and not getattr(organism, name)}
    if missing:
        for name, value in missing.items():
            setattr(organism, name, value)
        organism.common_key = organism.common_name.casefold()
        organism.save(update_fields=[*missing, "common_key"])
    return organism
