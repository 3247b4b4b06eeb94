"""Writes on people and access."""

from accounts.services.first_admin import FirstAdmin, ensure_first_admin
from accounts.services.keeping import forget_deleted
from accounts.services.keys import NewKey, create_api_key, revoke_api_key
from accounts.services.login import log_in, sign_in
from accounts.services.members import NewMember, add_member, change_role, create_member, remove_member, restore_member
from accounts.services.organizations import create_organization, delete_organization, update_organization
from accounts.services.teams import create_team, delete_team, restore_team, update_team
from accounts.services.users import choose_password, reset_password, update_user

__all__ = [
    "FirstAdmin",
    "NewKey",
    "NewMember",
    "add_member",
    "change_role",
    "choose_password",
    "create_api_key",
    "create_member",
    "create_organization",
    "create_team",
    "delete_organization",
    "delete_team",
    "ensure_first_admin",
    "forget_deleted",
    "log_in",
    "remove_member",
    "reset_password",
    "restore_member",
    "restore_team",
    "revoke_api_key",
    "sign_in",
    "update_organization",
    "update_team",
    "update_user",
]
