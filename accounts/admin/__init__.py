"""The admin pages of people and access, and of the audit trail (whose app lies below this one)."""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin.keys import ApiKeyAdmin
from accounts.admin.organizations import OrganizationAdmin
from accounts.admin.teams import TeamAdmin
from accounts.admin.trail import AuditEventAdmin
from accounts.admin.users import UserAdmin

# Roles come from memberships; Django's groups would promise something they do not do here.
admin.site.unregister(Group)

__all__ = ["ApiKeyAdmin", "AuditEventAdmin", "OrganizationAdmin", "TeamAdmin", "UserAdmin"]
