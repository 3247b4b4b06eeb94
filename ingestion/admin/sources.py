from __future__ import annotations

from django.contrib import admin

from accounts.admin_base import TenantAdmin
from ingestion.models import DataSource


@admin.register(DataSource)
class DataSourceAdmin(TenantAdmin[DataSource]):
    may_add = may_change = may_delete = False
