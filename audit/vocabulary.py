"""The words of the trail: what is done, and to what kinds of things."""

from __future__ import annotations

ACTIONS = (
    "CREATE",
    "UPDATE",
    "DELETE",
    "RESTORE",
    "MERGE",
    "PUBLISH",
    "YANK",
    "UNYANK",
    "REVOKE",
    "ROTATE",
    "LOGIN",
    "LOGIN_FAILED",
    "CHANGE_PASSWORD",
    "RESET_PASSWORD",
    "PRUNE",
)

ENTITY_TYPES = (
    "ASSET",
    "RELATIONSHIP",
    "TAG",
    "DOMAIN",
    "GLOSSARY",
    "GLOSSARY_TERM",
    "TEAM",
    "DATA_SOURCE",
    "SOURCE_OBJECT",
    "COLLECTION_TASK",
    "TEMPLATE",
    "WEBHOOK",
    "WEBHOOK_DELIVERY",
    "STREAM_EVENT",
    "DELETED_ROW",
    "PROFILE",
    "JOB",
    "SOURCE",
    "TOOL",
    "VERSION",
    "PRODUCT",
    "PROJECT",
    "PROJECT_COMPONENT",
    "RELEASE",
    "COLLECTION",
    "ARTIFACT",
    "ARTIFACT_RELATIONSHIP",
    "ORGANIZATION",
    "MEMBER",
    "USER",
    "API_KEY",
)

_ACTIONS = frozenset(ACTIONS)
_ENTITY_TYPES = frozenset(ENTITY_TYPES)


def check_words(action: str, entity_type: str) -> None:
    """Raises ValueError for a word that is not declared here: nobody could ask the trail for it."""
    if action not in _ACTIONS:
        raise ValueError(f"'{action}' is no action of the trail (audit.vocabulary)")
    if entity_type not in _ENTITY_TYPES:
        raise ValueError(f"'{entity_type}' is no entity type of the trail (audit.vocabulary)")
