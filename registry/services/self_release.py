"""The application as its own first product: its SBOM, made from what is installed, published as a release."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction

from accounts.actor import Actor, system_actor
from accounts.models import Organization
from contracts.errors import DomainError
from registry.models import Artifact, Product, Project, Release, ReleaseStatus
from registry.services.artifacts import Upload
from registry.services.collections import upload_to_release
from registry.services.products import create_product, create_project
from registry.services.releases import create_release, update_release

NAME = "Cartulary"
FINGERPRINT = "environment"
"""The key in the artifact's metadata of what was installed when its SBOM was made."""
SECONDS = 120

log = structlog.get_logger("registry")


def ensure_self_release(organization: Organization) -> Release | None:
    """The release of this version of the application, with an SBOM of what is installed now.

    Costs two reads where it is there already. What was installed changed: the new SBOM takes the place of
    the old one, in a new collection. A failure is logged and answered with None; it stops nothing.
    """
    installed = fingerprint()
    release = _release(organization)
    if release is not None and _is_current(release, installed):
        return release
    try:
        return _publish(system_actor(organization, door="command"), _make_sbom(), installed)
    except (DomainError, OSError, subprocess.SubprocessError) as error:
        log.warning("the application's own SBOM could not be published", error=str(error))
        return None


def fingerprint() -> str:
    """What is installed, by name and version, as SHA-256 in hexadecimal."""
    names = sorted(f"{found.metadata['Name']}=={found.version}" for found in distributions())
    return sha256("\n".join(names).encode()).hexdigest()


def _release(organization: Organization) -> Release | None:
    return Release.objects.filter(
        organization=organization,
        project__name=NAME,
        project__product__name=NAME,
        version=settings.VERSION,
    ).first()


def _is_current(release: Release, installed: str) -> bool:
    return Artifact.objects.filter(
        placements__collection=release.collection_id, type="sbom", metadata__environment=installed
    ).exists()


def _make_sbom() -> bytes:
    """CycloneDX 1.6 by cyclonedx-bom. The same environment makes the same bytes."""
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "environment", "--output-reproducible"]
    command += ["--spec-version", "1.6", "--output-format", "JSON", "--no-validate"]
    project = Path(settings.BASE_DIR) / "pyproject.toml"
    if project.is_file():
        command += ["--pyproject", str(project)]
    made = subprocess.run([*command, sys.executable], capture_output=True, check=True, timeout=SECONDS)  # noqa: S603
    return made.stdout


@transaction.atomic
def _publish(actor: Actor, sbom: bytes, installed: str) -> Release:
    own = {"organization": actor.tenant, "name": NAME}
    product = Product.objects.filter(**own).first() or create_product(
        actor=actor,
        data={"name": NAME, "description": "This metadata catalog and registry itself.", "category": "application"},
    )
    project = Project.objects.filter(**own, product=product).first() or create_project(
        actor=actor, product=product, data={"name": NAME, "type": "application"}
    )
    release = Release.objects.filter(project=project, version=settings.VERSION).first() or create_release(
        actor=actor, project=project, data={"version": settings.VERSION}
    )
    stale = list(Artifact.objects.filter(placements__collection=release.collection_id, type="sbom"))
    upload = Upload(
        content=[sbom],
        type="sbom",
        format="cyclonedx",
        filename=f"cartulary-{settings.VERSION}.cdx.json",
        metadata={FINGERPRINT: installed},
    )
    comment = "What is installed changed" if stale else ""
    upload_to_release(actor=actor, release=release, upload=upload, comment=comment, replacing=stale)
    release.refresh_from_db()
    if release.status == ReleaseStatus.DRAFT:
        release = update_release(actor=actor, release=release, changes={"status": "released"})
    return release
