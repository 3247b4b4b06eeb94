from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.actor import operator_actor
from accounts.models import Organization
from audit.commands import DomainCommand
from registry.models import EntryKind
from registry.services.publication import FileDraft, Publication
from registry.services.publishing import publish
from registry.services.spec_files import SpecFile
from registry.storage import chunks_of, receive

TEXTS = ("title", "description", "external_id", "external_version", "release_date", "notes", "license")


class Command(DomainCommand):
    help = "Publish files, or dependencies, as a version of a source or a tool."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("spec", help="What is published: organization:name@version.")
        parser.add_argument("files", nargs="*", type=Path, help="The formats are told by their names.")
        parser.add_argument("--format", action="append", default=[], help="Once for each file, in their order.")
        parser.add_argument("--checksum", action="append", default=[], help="sha256-…; once for each file.")
        parser.add_argument("--kind", choices=EntryKind.values, default=EntryKind.SOURCE.value)
        parser.add_argument("--type", default="", help="Such as protein, genome, alignment.")
        parser.add_argument("--organism", default="", help="Its scientific name.")
        parser.add_argument("--tag", action="append", default=None, dest="tags")
        parser.add_argument("--dependency", action="append", default=None, help="An exact spec.", dest="dependencies")
        parser.add_argument("--dependencies-from", type=Path, help="A JSON list of exact specs.")
        for name in TEXTS:
            parser.add_argument(f"--{name.replace('_', '-')}", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        organization, slug, version = _parts(options["spec"])
        files: list[Path] = options["files"]
        for name in ("format", "checksum"):
            if options[name] and len(options[name]) != len(files):
                raise CommandError(f"--{name}: give it once for each file, or not at all")
        actor = operator_actor().within(Organization.objects.named(organization))
        said = {"name" if name == "title" else name: options[name] for name in TEXTS}
        with ExitStack() as stack:
            drafts = [_draft(stack, path) for path in files]
            for draft, format_name in zip(drafts, options["format"], strict=False):
                draft.format = format_name
            for draft, checksum in zip(drafts, options["checksum"], strict=False):
                draft.checksum = checksum
            publication = Publication(
                organization,
                slug,
                version,
                **said,
                **{name: options[name] for name in ("kind", "type", "organism", "tags")},
                dependencies=_dependencies(options),
                files=drafts,
            )
            published = publish(actor=actor, publication=publication)
        checksum = published.tree_checksum or published.files.all()[0].sha256
        self.stdout.write(f"Published {options['spec']}: {published.size} bytes, sha256-{checksum}")


def _parts(spec: str) -> tuple[str, str, str]:
    organization, colon, rest = spec.partition(":")
    slug, at, version = rest.rpartition("@")
    if not (colon and at):
        raise CommandError(f"'{spec}' must look like organization:name@version")
    return organization, slug, version


def _draft(stack: ExitStack, path: Path) -> FileDraft:
    """The file on its way in; discarded at the end unless it was published."""
    incoming = stack.enter_context(receive())
    try:
        with path.open("rb") as file:
            for chunk in chunks_of(file):
                incoming.write(chunk)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error
    return FileDraft(incoming, path.name)


def _dependencies(options: dict[str, Any]) -> Iterable[Any] | None:
    source: Path | None = options["dependencies_from"]
    listed: list[str] | None = options["dependencies"]
    if source is None:
        return listed
    try:
        source.open("rb").close()
    except OSError as error:
        raise CommandError(f"{source} cannot be read: {error.strerror}") from error
    return [*SpecFile(source), *listed] if listed else SpecFile(source)
