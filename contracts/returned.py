"""A thing that comes back as it was shown: a client reads it, changes a field, and puts the whole.

What cannot be changed is passed over where it is as it was shown, and refused by name where it is anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from contracts.errors import Invalid
from contracts.rendering import JSONRenderer

WasShown = Callable[[Any, Any], bool]
"""Whether what came, as JSON, is what is shown now, as JSON, or what was shown of the same thing before."""
_MILLISECOND = timedelta(milliseconds=1)  # the clocks of browsers know no less


def changes_of(
    body: Mapping[str, Any],
    read_only: Mapping[str, WasShown],
    shown: Callable[[], Mapping[str, Any] | None],
    *,
    resource: str,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """The body without what cannot be changed: `shown` is asked only where the body has such.

    Raises Invalid that names what is not as it was shown. Where nothing is shown, or another version than the one
    expected, the service will say so: that comes first.
    """
    changes = dict(body)
    given = {name: changes.pop(name) for name in body if name in read_only}
    now = shown() if given else None
    if now is not None and expected_version in (None, now.get("version")):
        as_json = orjson.loads(JSONRenderer().render({name: now[name] for name in given}))
        wrong = [name for name, value in given.items() if not read_only[name](value, as_json[name])]
        if wrong:
            raise Invalid(fields={name: ["This cannot be changed."] for name in wrong}, resource=resource)
    return changes


def same(given: Any, now: Any) -> bool:
    """What stays as it is for good: an id, a type."""
    return type(given) is type(now) and bool(given == now)


def same_one(given: Any, now: Any) -> bool:
    """A thing that is named with its id: its name may be another one by now."""
    if isinstance(given, Mapping) and isinstance(now, Mapping):
        return given.keys() <= now.keys() and given.get("id") == now["id"]
    return given is None and now is None


def same_time(given: Any, now: Any) -> bool:
    """A time that stays as it is."""
    one, other = _time(given), _time(now)
    return one is not None and other is not None and abs(one - other) < _MILLISECOND


def earlier_time(given: Any, now: Any) -> bool:
    """A time that moves on: any that has been."""
    one = _time(given)
    return one is not None and one < datetime.now(UTC) + _MILLISECOND


def earlier_time_or_none(given: Any, now: Any) -> bool:
    """The same of a time that may come and go."""
    return given is None or earlier_time(given, now)


def some_count(given: Any, now: Any) -> bool:
    """A number of things, which others change."""
    return type(given) is int and given >= 0


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
