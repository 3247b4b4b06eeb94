"""What the tests of sources and tools share: files to publish, and a short way to publish them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from accounts.actor import Actor
from registry.models import File, Version
from registry.services import downloads
from registry.services.publication import FileDraft, Publication
from registry.services.publishing import publish
from registry.storage import receive

INSULIN = (
    b">sp|P01308|INS_HUMAN Insulin OS=Homo sapiens OX=9606 GN=INS PE=1 SV=1\n"
    b"MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKTRREAED\n"
    b"LQVGQVELGGGPGAGSLQPLALEGSLQKRGIVEQCCTSICSLYQLENYCN\n"
)
XML = b"<?xml version='1.0'?><uniprot/>\n"


@contextmanager
def drafts(files: Mapping[str, bytes], **common: str) -> Iterator[list[FileDraft]]:
    """Files on their way in, by name."""
    with ExitStack() as stack:
        found = []
        for filename, content in files.items():
            incoming = stack.enter_context(receive())
            incoming.write(content)
            found.append(FileDraft(incoming, filename, **common))
        yield found


def put(actor: Actor, spec: str, files: Mapping[str, bytes] | None = None, **fields: Any) -> Version:
    """Publish `org:name@version`; one small FASTA file where no files and no dependencies are given."""
    organization, _, rest = spec.partition(":")
    slug, _, version = rest.rpartition("@")
    if files is None:
        files = {} if fields.get("dependencies") else {"set.fasta": f">{spec}\nMAL\n".encode()}
    with drafts(files) as found:
        return publish(actor=actor, publication=Publication(organization, slug, version, files=found, **fields))


def counted() -> int:
    """How often the one FASTA file was downloaded, those counts written that wait to be."""
    downloads.flush()
    return File.objects.get(format="fasta").downloads
