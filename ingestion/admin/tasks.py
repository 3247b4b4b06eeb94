from __future__ import annotations

from django.contrib import admin

from accounts.admin_base import TenantAdmin
from ingestion.models import CollectionTask


@admin.register(CollectionTask)
class CollectionTaskAdmin(TenantAdmin[CollectionTask]):
    may_add = may_change = may_delete = False
