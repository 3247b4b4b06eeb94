"""Puts our site in the place of Django's stock admin site."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class CatalogAdminConfig(AdminConfig):
    default_site = "accounts.admin_site.CatalogSite"
