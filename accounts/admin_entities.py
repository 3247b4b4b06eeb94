"""What the trail's entity types are called, and where in the admin each is found. Known by name, not by import."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.urls import NoReverseMatch, reverse


class Entity(NamedTuple):
    label: str
    icon: str
    page: str


ENTITIES = {
    "ASSET": Entity("Asset", "dataset", "catalog_asset"),
    "RELATIONSHIP": Entity("Relationship", "polyline", "catalog_relationship"),
    "TAG": Entity("Tag", "sell", "catalog_tag"),
    "DOMAIN": Entity("Domain", "category", "catalog_domain"),
    "GLOSSARY": Entity("Glossary", "menu_book", "catalog_glossary"),
    "GLOSSARY_TERM": Entity("Glossary term", "dictionary", "catalog_glossaryterm"),
    "TEAM": Entity("Team", "groups", "accounts_team"),
    "DATA_SOURCE": Entity("Data source", "database", "ingestion_datasource"),
    "COLLECTION_TASK": Entity("Collection task", "event_repeat", "ingestion_collectiontask"),
    "TEMPLATE": Entity("Template", "note_stack", "ingestion_template"),
    "WEBHOOK": Entity("Webhook", "webhook", "ingestion_webhook"),
    "JOB": Entity("Run", "play_circle", "ingestion_job"),
    "SOURCE": Entity("Source", "genetics", "registry_source"),
    "TOOL": Entity("Tool", "construction", "registry_tool"),
    "VERSION": Entity("Version", "new_releases", ""),
    "PRODUCT": Entity("Product", "inventory_2", "registry_product"),
    "PROJECT": Entity("Project", "deployed_code", "registry_project"),
    "PROJECT_COMPONENT": Entity("Component of a project", "extension", ""),
    "COMPONENT": Entity("Component", "package_2", "registry_package"),
    "RELEASE": Entity("Release", "rocket_launch", "registry_release"),
    "COLLECTION": Entity("Collection of artifacts", "folder_copy", ""),
    "ARTIFACT": Entity("Artifact", "description", "registry_artifact"),
    "ARTIFACT_RELATIONSHIP": Entity("Relationship of artifacts", "polyline", ""),
    "ORGANIZATION": Entity("Organization", "apartment", "accounts_organization"),
    "MEMBER": Entity("Member", "badge", ""),
    "USER": Entity("User", "person", "accounts_user"),
    "API_KEY": Entity("API key", "key", "accounts_apikey"),
}


def entity_label(entity_type: str) -> str:
    known = ENTITIES.get(entity_type)
    return known.label if known else entity_type.replace("_", " ").capitalize()


def entity_icon(entity_type: str) -> str:
    known = ENTITIES.get(entity_type)
    return known.icon if known else "description"


def entity_url(entity_type: str, entity_id: UUID) -> str | None:
    """The thing's page in the admin, whether or not it is still there; None where its kind has none."""
    known = ENTITIES.get(entity_type)
    if known is None or not known.page:
        return None
    try:
        return reverse(f"admin:{known.page}_change", args=[entity_id])
    except NoReverseMatch:
        return None
