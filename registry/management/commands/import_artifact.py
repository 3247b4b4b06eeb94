"""`manage.py import_artifact ORGANIZATION FILE --type sbom`: keep a document, maybe with a release."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actor import Actor, operator_actor
from accounts.models import Organization
from contracts.errors import DomainError, Invalid
from registry.models import ArtifactType, Product, Project, Release
from registry.services.artifacts import Upload, add_artifact
from registry.services.collections import upload_to_release
from registry.services.products import create_product, create_project
from registry.services.releases import create_release


class Command(BaseCommand):
    help = "Keep an SBOM, a VEX or any other document of an organization; with --release, put it into a release."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organization", help="its slug")
        parser.add_argument("file", type=Path)
        parser.add_argument("--type", choices=ArtifactType.values, default=ArtifactType.SBOM.value)
        parser.add_argument("--format", default="", help="detected for an SBOM or a VEX where it is not given")
        parser.add_argument("--release", metavar="PRODUCT/PROJECT@VERSION", default="")
        parser.add_argument("--create", action="store_true", help="make the release, project and product if missing")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(slug__iexact=options["organization"]).first()
        if organization is None:
            raise CommandError(f"There is no organization '{options['organization']}'")
        actor = operator_actor().within(organization)
        path: Path = options["file"]
        try:
            with path.open("rb") as stream:
                upload = Upload(
                    content=stream, type=options["type"], format=options["format"], filename=path.name[:255]
                )
                if options["release"]:
                    release = self._release(actor, options["release"], create=options["create"])
                    added, _ = upload_to_release(actor=actor, release=release, upload=upload)
                    where = f" in {release}"
                else:
                    added, where = add_artifact(actor=actor, upload=upload), ""
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}") from None
        except DomainError as error:
            raise CommandError(_words(error)) from None
        what = "Kept" if added.is_new else "Already there:"
        artifact = added.artifact
        inside = f"{artifact.component_count} components, {artifact.statement_count} statements"
        print(f"{what} {artifact.type} {artifact.format} {artifact.pk}{where}: {inside}")

    def _release(self, actor: Actor, text: str, *, create: bool) -> Release:
        names, at, version = text.rpartition("@")
        product_name, slash, project_name = names.partition("/")
        if not (at and slash and product_name and project_name and version):
            raise CommandError("Write the release as PRODUCT/PROJECT@VERSION")
        product = Product.objects.filter(organization=actor.tenant, name=product_name).first()
        project = Project.objects.filter(product=product, name=project_name).first() if product else None
        release = Release.objects.filter(project=project, version=version).first() if project else None
        if release is None and not create:
            raise CommandError(f"There is no release '{text}'; --create makes it")
        if product is None:
            product = create_product(actor=actor, data={"name": product_name})
        if project is None:
            project = create_project(actor=actor, product=product, data={"name": project_name})
        return release or create_release(actor=actor, project=project, data={"version": version})


def _words(error: DomainError) -> str:
    if isinstance(error, Invalid) and error.fields:
        return "; ".join(f"{path}: {problems[0]}" for path, problems in list(error.fields.items())[:5])
    return error.message
