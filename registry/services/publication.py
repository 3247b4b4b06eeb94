"""What somebody wants to publish, and whether it can be: everything that needs no look at the registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.utils.module_loading import import_string

from accounts.checks import text
from accounts.models import slug_validator
from catalog.jsontext import checked_json
from catalog.validation import METADATA_BYTES
from contracts.errors import Invalid
from registry.facts import Facts
from registry.formats import check_format, compression_of, format_of, media_type_of
from registry.models import EntryKind
from registry.models.entries import format_validator, type_validator, version_validator
from registry.storage import Incoming

FILES = 50
"""Files of one publication."""
METADATA_KEYS = 200
PARSED = frozenset({"fasta", "swissprot", "genbank"})

_CHECKSUM = re.compile(r"(?:sha256[-:])?([0-9a-fA-F]{64})")
_DOI = re.compile(r"10\.\d{4,9}/\S{1,200}")
_CITATION_FIELDS = {
    "citation_type": 40,
    "doi": 255,
    "pubmed_id": 20,
    "title": 1000,
    "journal": 1000,
    "publication_date": 10,
    "authors": 10_000,
    "url": 500,
}


@dataclass(slots=True)
class FileDraft:
    """One file to be published: bytes that are on this machine, finished, and not in their place yet.

    `format` is taken from the name where it is empty, `checksum` (`sha256-…`) is compared where it is given.
    """

    incoming: Incoming
    filename: str
    format: str = ""
    checksum: str = ""


@dataclass(slots=True)
class Publication:
    """A version and what it is a version of. Empty means: not said; what is known of the entry stays.

    `dependencies` are exact specs: a list, or a `SpecFile` of many.
    """

    organization: str
    slug: str
    version: str
    kind: str = EntryKind.SOURCE
    type: str = ""
    name: str = ""
    description: str = ""
    external_id: str = ""
    external_version: str = ""
    release_date: str = ""
    notes: str = ""
    license: str = ""
    repository_url: str = ""
    homepage_url: str = ""
    organism: Mapping[str, Any] | str | None = None
    metadata: Mapping[str, Any] | None = None
    tags: list[str] | None = None
    citations: list[dict[str, Any]] | None = None
    dependencies: Iterable[Any] | None = None
    files: list[FileDraft] = field(default_factory=list)


@dataclass(slots=True)
class CheckedFile:
    """A file whose bytes are what they are said to be."""

    incoming: Incoming
    filename: str
    format: str
    compression: str
    media_type: str
    facts: Facts


@dataclass(slots=True)
class Checked:
    """A publication that can be written: `fields` are the entry's, `version` the version's."""

    fields: dict[str, Any]
    version: dict[str, Any]
    organism: dict[str, Any]
    files: list[CheckedFile]


def check(publication: Publication) -> Checked:
    """Raise Invalid that names every field that is wrong, else what is to be written."""
    problems: dict[str, list[str]] = {}
    fields: dict[str, Any] = {}
    version: dict[str, Any] = {}
    for name, test in _ENTRY_CHECKS.items():
        _run(problems, fields, name, test, getattr(publication, name))
    if "name" in problems:  # what callers say is `name` for the slug, and `title` for the name
        problems["title"] = problems.pop("name")
    for name, test in _VERSION_CHECKS.items():
        _run(problems, version, name, test, getattr(publication, name))
    organism: dict[str, Any] = {}
    _run(problems, organism, "organism", clean_organism, publication.organism)
    _names(problems, publication)
    if not publication.files and not publication.dependencies:
        problems.setdefault("file", []).append("A version needs a file, or dependencies.")
    if publication.dependencies and publication.kind == EntryKind.TOOL:
        problems.setdefault("dependencies", []).append("Tools have none.")
    if problems:
        raise Invalid(fields=problems)
    return Checked(fields, version, organism.get("organism", {}), check_files(publication.files))


def check_files(drafts: list[FileDraft]) -> list[CheckedFile]:
    """Each file's checksum, format and content. Raises Invalid."""
    if len(drafts) > FILES:
        raise Invalid(fields={"file": [f"At most {FILES} files at once."]})
    checked = [_file(draft) for draft in drafts]
    formats = [file.format for file in checked]
    for name in formats:
        if formats.count(name) > 1:
            raise Invalid(fields={"format": [f"Two files have the format '{name}'."]})
    return checked


def _fit(facts: Facts) -> Facts:
    """What can be kept of what a file tells; the rest is passed over, since nobody has said it of the version."""
    kept: dict[str, Any] = {"type": facts.type}
    for name, test in {**_TOLD_CHECKS, "organism": clean_organism}.items():
        with suppress(ValueError):
            kept[name] = test(getattr(facts, name))
    return Facts(**kept)


def _file(draft: FileDraft) -> CheckedFile:
    incoming = draft.incoming
    incoming.finish()
    if not incoming.size:
        raise Invalid(fields={"file": ["The file is empty."]})
    if draft.checksum:
        stated = _CHECKSUM.fullmatch(draft.checksum.strip())
        if stated is None:
            raise Invalid(fields={"checksum": ["This must be sha256- and 64 hexadecimal digits."]})
        if stated[1].lower() != incoming.sha256:
            raise Invalid(
                fields={"checksum": [f"The bytes that came have the checksum sha256-{incoming.sha256}."]},
                expected=f"sha256-{stated[1].lower()}",
                computed=f"sha256-{incoming.sha256}",
            )
    filename = clean_filename(draft.filename)
    name = draft.format.strip().lower() or format_of(filename)
    if not name:
        raise Invalid(fields={"format": ["This is required: the file's name does not tell it."]})
    _validated(format_validator, "format", name)
    compression = compression_of(incoming.path)
    check_format(incoming.path, name, compression)
    facts = Facts()
    if name in PARSED:
        read: Callable[..., Facts] = import_string("registry.sequences.read_facts")  # Biopython is large
        facts = _fit(read(incoming.path, name, compression))
    return CheckedFile(incoming, filename, name, compression, media_type_of(name, compression), facts)


def clean_filename(name: str, *, field: str = "file") -> str:
    """The last part of a path, without what no file system likes; raises Invalid, of `field`, for what is none."""
    last = re.split(r"[/\\]", name)[-1].strip()
    last = "".join(letter for letter in last if letter.isprintable())[-255:]
    if not last.strip("."):
        raise Invalid(fields={field: ["The file has no name."]})
    return last


def clean_organism(value: Any) -> dict[str, Any]:
    """An organism by its scientific name, or an object with `scientific_name`, `common_name`, `ncbi_taxonomy_id`."""
    if not value:
        return {}
    if isinstance(value, str):
        return {"scientific_name": text(value.strip(), limit=200, blank=False)}
    if not isinstance(value, Mapping):
        raise ValueError("This must be a name or an object.")
    unknown = value.keys() - {"scientific_name", "common_name", "ncbi_taxonomy_id", "rank"}
    if unknown:
        raise ValueError(f"There is no field '{sorted(map(str, unknown))[0]}' in an organism.")
    found: dict[str, Any] = {"scientific_name": text(value.get("scientific_name"), limit=200, blank=False).strip()}
    if value.get("common_name"):
        found["common_name"] = text(value["common_name"], limit=200).strip()
    if value.get("rank"):
        found["rank"] = text(value["rank"], limit=40)
    number = value.get("ncbi_taxonomy_id")
    if number is not None:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 2**31:
            raise ValueError("The NCBI taxonomy id must be a whole number above 0.")
        found["ncbi_taxonomy_id"] = number
    return found


# One field at a time -----------------------------------------------------------------------------


def _run(
    problems: dict[str, list[str]], out: dict[str, Any], name: str, test: Callable[[Any], Any], value: Any
) -> None:
    try:
        out[name] = test(value)
    except ValueError as error:
        problems.setdefault(name, []).append(str(error))


def _names(problems: dict[str, list[str]], publication: Publication) -> None:
    """Slug, version and type; a type may be left out, the others not."""
    for name, value, validator in (
        ("name", publication.slug, slug_validator),
        ("version", publication.version, version_validator),
        ("source_type" if publication.kind == EntryKind.SOURCE else "tool_type", publication.type, type_validator),
    ):
        if not value and validator is type_validator:
            continue
        if not value:
            problems.setdefault(name, []).append("This is required.")
        else:
            try:
                _validated(validator, name, value)
            except Invalid as error:
                problems.setdefault(name, []).extend(error.fields[name])
    if not publication.organization:
        problems.setdefault("organization", []).append("This is required.")


def _validated(validator: RegexValidator, name: str, value: str) -> None:
    try:
        validator(value)
    except ValidationError as error:
        raise Invalid(fields={name: error.messages}) from None
    if value != value.strip():  # `$` lets a line's end through
        raise Invalid(fields={name: ["This may not end with white space."]})


def _text(limit: int) -> Callable[[Any], str]:
    return lambda value: text(value, limit=limit)


def _date(value: Any) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("This must be a date such as 2025-01-15.") from None


def _url(value: Any) -> str:
    address = text(value, limit=500)
    if address:
        try:
            URLValidator(schemes=["http", "https"])(address)
        except ValidationError:
            raise ValueError("This must be an http or https address.") from None
    return address


def _tags(value: Any) -> list[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > 100:
        raise ValueError("This must be a list of at most 100 words.")
    words = [text(word, limit=100, blank=False).strip() for word in value]
    return list({word.lower(): word for word in words}.values())


def _metadata(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or len(value) > METADATA_KEYS:
        raise ValueError(f"This must be an object of at most {METADATA_KEYS} fields.")
    checked_json(dict(value), limit=METADATA_BYTES)
    return {text(key, limit=100, blank=False): item for key, item in value.items()}


def _citations(value: Any) -> list[dict[str, str]] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > 200:
        raise ValueError("This must be a list of at most 200 citations.")
    return [_citation(entry) for entry in value]


def _citation(entry: Any) -> dict[str, str]:
    if not isinstance(entry, Mapping):
        raise ValueError("A citation must be an object.")
    unknown = entry.keys() - _CITATION_FIELDS.keys()
    if unknown:
        raise ValueError(f"There is no field '{sorted(map(str, unknown))[0]}' in a citation.")
    found = {name: text(value, limit=_CITATION_FIELDS[name]) for name, value in entry.items() if value}
    if not (found.get("title") or found.get("doi") or found.get("pubmed_id")):
        raise ValueError("A citation needs a title, a doi or a pubmed_id.")
    if "doi" in found and not _DOI.fullmatch(found["doi"]):
        raise ValueError(f"'{found['doi']}' is no DOI.")
    if "publication_date" in found:
        _date(found["publication_date"])
    return {"citation_type": "primary", **found}


_ENTRY_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _text(300),
    "description": _text(100_000),
    "external_id": _text(200),
    "license": _text(200),
    "repository_url": _url,
    "homepage_url": _url,
    "metadata": _metadata,
    "tags": _tags,
}


def clean_entry_field(name: str, value: Any) -> Any:
    """One field of an entry as it is stored. Raises ValueError with a sentence."""
    return _ENTRY_CHECKS[name](value)


_VERSION_CHECKS: dict[str, Callable[[Any], Any]] = {
    "external_version": _text(100),
    "release_date": _date,
    "notes": _text(100_000),
    "citations": _citations,
}
_TOLD_CHECKS: dict[str, Callable[[Any], Any]] = {
    **{name: _ENTRY_CHECKS[name] for name in ("name", "description", "external_id", "metadata", "tags")},
    "citations": _VERSION_CHECKS["citations"],
}
"""Of what a file may tell, beside its organism."""
