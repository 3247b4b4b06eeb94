"""What our own templates need and Django's do not have."""

from __future__ import annotations

import json
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from accounts.admin_difference import FieldChange, changed_fields, difference
from accounts.admin_entities import entity_icon, entity_label, entity_url

register = template.Library()

ACTION_KINDS = {"CREATE": "success", "UPDATE": "info", "DELETE": "danger", "RESTORE": "primary", "REVOKE": "warning"}
ACTION_WORDS = {
    "CREATE": "created",
    "UPDATE": "changed",
    "DELETE": "deleted",
    "RESTORE": "restored",
    "MERGE": "merged",
    "PUBLISH": "published",
    "YANK": "yanked",
    "UNYANK": "unyanked",
    "REVOKE": "revoked",
    "ROTATE": "changed the secret of",
    "LOGIN": "signed in",
    "LOGIN_FAILED": "failed to sign in",
    "CHANGE_PASSWORD": "chose the password of",
    "RESET_PASSWORD": "reset the password of",
    "PRUNE": "cleared away",
}

register.filter("entity_label", entity_label)
register.filter("entity_icon", entity_icon)


@register.filter
def event_url(event: Any) -> str:
    """The page of the thing an event speaks of, empty where it has none."""
    return entity_url(event.entity_type, event.entity_id) or ""


@register.filter
def action_kind(action: str) -> str:
    return ACTION_KINDS.get(action, "")


@register.filter
def action_word(action: str) -> str:
    """In words; an action that an earlier version knew, in its own."""
    return ACTION_WORDS.get(action, action.lower().replace("_", " "))


@register.filter
def event_changes(event: Any) -> list[FieldChange]:
    """Field by field, what an event of the trail changed."""
    return difference(event.before_state, event.after_state)


@register.filter
def event_fields(event: Any) -> str:
    """The names of what an event changed, in one line; empty for a creation or a deletion."""
    names = changed_fields(event.before_state, event.after_state)
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more


@register.filter
def thousands(value: int) -> str:
    return f"{value:,}"


@register.filter
def pretty_json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)


@register.filter
def ago(moment: Any) -> SafeString | str:
    """How long ago, with the exact moment as the tooltip; a dash for never."""
    if moment is None:
        return "-"
    passed = timezone.now() - moment
    words = "just now" if passed.total_seconds() < 60 else f"{timesince(moment, depth=1)} ago"
    shown = timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S %Z")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), shown, words)


@register.filter
def seconds(value: float | None) -> str:
    """A duration as people say it: 240 ms, 3.2 s, 4 min 10 s, 2 h 5 min."""
    if value is None:
        return "-"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(int(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
