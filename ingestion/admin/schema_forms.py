"""Form fields made from a JSON Schema: one for each setting, and the way back to the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordToggleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

PREFIX = "config_"
FORGET = "forget_"
LONG_TEXT = 1000
"""A string that may be longer than this gets a field of several lines."""


def fields_of(schema: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, forms.Field]:
    """The fields of a form by name, in the schema's order. A stored secret is never shown: empty means "as it is"."""
    required = set(schema.get("required", ()))
    fields: dict[str, forms.Field] = {}
    for name, rule in schema.get("properties", {}).items():
        field = _field(rule, stored.get(name), is_set=name in stored)
        field.required = name in required and not (rule.get("writeOnly") and name in stored)
        field.label = _title(name, rule)
        fields[PREFIX + name] = field
        if rule.get("writeOnly") and name in stored and name not in required:
            label = f"Forget the stored {str(field.label).lower()}"
            fields[FORGET + name] = forms.BooleanField(required=False, label=label, widget=UnfoldBooleanSwitchWidget())
    return fields


def settings_from(schema: Mapping[str, Any], cleaned: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """What the form says that is not so already; None for a setting that was emptied."""
    changes: dict[str, Any] = {}
    for name, rule in schema.get("properties", {}).items():
        value = cleaned.get(PREFIX + name)
        if rule.get("writeOnly"):
            if value:
                changes[name] = value
            elif cleaned.get(FORGET + name):
                changes[name] = None
            continue
        if rule.get("type") == "array":
            value = [line.strip() for line in (value or "").splitlines() if line.strip()]
        if value in (None, "", []):
            if name in stored:
                changes[name] = None
        elif stored.get(name) != value and not (name not in stored and value == rule.get("default")):
            changes[name] = value
    return changes


def told(schema: Mapping[str, Any], stored: Mapping[str, Any]) -> SafeString | str:
    """The settings as one reads them who may not change them: each with its title, a secret as its mask."""
    rules = schema.get("properties", {})
    order = [*(name for name in rules if name in stored), *sorted(stored.keys() - rules.keys())]
    named = ((_title(name, rules.get(name, {})), _in_words(stored[name])) for name in order)
    lines = format_html_join("", "<dt>{}</dt><dd>{}</dd>", named)
    return format_html('<dl class="c-facts">{}</dl>', lines) if lines else "-"


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _title(name: str, rule: Mapping[str, Any]) -> str:
    return str(rule.get("title") or name.replace("_", " ").capitalize())


def _field(rule: Mapping[str, Any], value: Any, *, is_set: bool) -> forms.Field:
    initial = value if is_set else rule.get("default")
    if rule.get("writeOnly"):
        field = _secret(is_set)
    elif "enum" in rule:
        choices = [("", "-"), *((one, str(one)) for one in rule["enum"])]
        field = forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget())
    else:
        field = _PLAIN.get(rule.get("type", "string"), _text)(rule)
    field.help_text = str(rule.get("description", ""))
    if rule.get("type") == "array":
        field.help_text = f"{field.help_text} One a line.".strip()
        initial = "\n".join(str(one) for one in initial or ())
    if not rule.get("writeOnly"):
        field.initial = initial
    return field


def _secret(is_set: bool) -> forms.Field:
    hint = "Stored; leave empty to keep it" if is_set else ""
    widget = UnfoldAdminPasswordToggleWidget(attrs={"autocomplete": "new-password", "placeholder": hint})
    return forms.CharField(widget=widget, strip=False)


def _integer(rule: Mapping[str, Any]) -> forms.Field:
    widget = UnfoldAdminIntegerFieldWidget()
    return forms.IntegerField(min_value=rule.get("minimum"), max_value=rule.get("maximum"), widget=widget)


def _number(rule: Mapping[str, Any]) -> forms.Field:
    widget = UnfoldAdminIntegerFieldWidget(attrs={"step": "any"})
    return forms.FloatField(min_value=rule.get("minimum"), max_value=rule.get("maximum"), widget=widget)


def _boolean(rule: Mapping[str, Any]) -> forms.Field:
    return forms.BooleanField(widget=UnfoldBooleanSwitchWidget())


def _list(rule: Mapping[str, Any]) -> forms.Field:
    return forms.CharField(widget=UnfoldAdminTextareaWidget({"rows": 2}))


def _object(rule: Mapping[str, Any]) -> forms.Field:
    return forms.JSONField(widget=UnfoldAdminTextareaWidget({"rows": 4}))


def _text(rule: Mapping[str, Any]) -> forms.Field:
    longest = rule.get("maxLength")
    is_long = longest is not None and longest > LONG_TEXT
    widget = UnfoldAdminTextareaWidget({"rows": 4}) if is_long else UnfoldAdminTextInputWidget()
    return forms.CharField(max_length=longest, widget=widget)


_PLAIN = {"integer": _integer, "number": _number, "boolean": _boolean, "array": _list, "object": _object}
