"""People, organizations (the tenants), who belongs where, and the keys that programs use."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from uuid_utils.compat import uuid7

from accounts.managers import UserManager
from accounts.querysets import (
    ApiKeyQuerySet,
    DeletedRowQuerySet,
    MembershipQuerySet,
    OrganizationQuerySet,
    TeamQuerySet,
)

slug_validator = RegexValidator(
    r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$",
    "Use letters, digits, '.', '_' and '-'; begin and end with a letter or a digit; 100 at most.",
)


class Role(models.TextChoices):
    """What a member or a key may do: each role includes the ones before it."""

    VIEWER = "viewer", "Viewer"
    EDITOR = "editor", "Editor"
    ADMIN = "admin", "Admin"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class User(AbstractUser):
    """A person. Signs in with the e-mail address or the user name."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField("e-mail address", max_length=254)
    name = models.CharField(max_length=200, blank=True, help_text="As shown to others.")
    password_set_by = models.UUIDField(
        null=True, editable=False, help_text="The organization that chose the password, until its owner chooses one."
    )
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_ignoring_case"),
            models.UniqueConstraint(Lower("username"), name="user_username_unique_ignoring_case"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.name or self.username

    def set_password(self, raw_password: str | None) -> None:
        """Whoever sets a password for somebody else says so in `password_set_by` afterwards."""
        super().set_password(raw_password)
        self.password_set_by = None

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name


class Organization(models.Model):
    """A tenant: the workspace its members share, and the publisher of registry entries."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.CharField(max_length=100, validators=[slug_validator])
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    website = models.URLField(max_length=500, blank=True)
    logo_url = models.URLField(max_length=500, blank=True)
    is_system = models.BooleanField(default=False, help_text="Kept by this installation, not by its members.")
    is_public = models.BooleanField(
        default=True, help_text="Its registry entries can be read by anyone. The catalog never is."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    members = models.ManyToManyField(User, through="Membership", related_name="organizations")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]
        constraints = [models.UniqueConstraint(Lower("slug"), name="organization_slug_unique_ignoring_case")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """That a person belongs to an organization, and with which role."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "organization"], name="membership_once_per_organization")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization} as {self.get_role_display()}"


class Team(models.Model):
    """People of one organization who own things together. It gives them no rights."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=300, editable=False, help_text="The name as it is matched, whatever its case.")
    display_name = models.CharField(
        max_length=200, blank=True, help_text="As shown to others; the name where there is none."
    )
    description = models.TextField(blank=True)
    members = models.ManyToManyField(User, related_name="teams", blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key"],
                condition=models.Q(deleted_at=None),
                name="team_name_unique_among_living",
            )
        ]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        return self.display_name or self.name


class DeletedRow(models.Model):
    """What is kept of a row that was deleted, to make it anew: never in one table with those that live.

    `kind` and `entity_id` are those of its trail, `key` is its name as it is matched; `state` holds no secret.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)
    entity_id = models.UUIDField()
    key = models.CharField(max_length=1000)
    state = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    deleted_at = models.DateTimeField()

    objects = DeletedRowQuerySet.as_manager()

    class Meta:
        verbose_name = "deleted thing"
        ordering = ["entity_id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind", "entity_id"], name="deleted_row_kept_once")
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.kind.replace('_', ' ').lower()})"


class ApiKey(models.Model):
    """A program's credential in one organization. The key itself is shown once and kept as a hash."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)
    prefix = models.CharField(max_length=16, editable=False, help_text="The key's first characters.")
    key_hash = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256, hexadecimal.")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
