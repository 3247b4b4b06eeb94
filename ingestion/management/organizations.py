"""Which organization a command acts in."""

from __future__ import annotations

from accounts.actor import Actor, system_actor
from accounts.models import Organization
from contracts.errors import Invalid


def command_actor(slug: str | None) -> Actor:
    """The command line at work in the organization of this slug, or in the only one there is.

    Raises NotFound, and Invalid where the slug is needed.
    """
    if slug:
        organization = Organization.objects.named(slug)
    else:
        some = list(Organization.objects.filter(is_system=False)[:2])
        if len(some) != 1:
            reason = "There are several organizations" if some else "There is no organization yet"
            raise Invalid(f"{reason}: name one with --organization SLUG")
        organization = some[0]
    return system_actor(organization, name="Command line", door="command")
