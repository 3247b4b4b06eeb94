"""Teams as owners, domains, and glossaries whose terms say what assets and columns are."""

from importlib import import_module

import django.db.models.deletion
import uuid_utils.compat
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def _count_again(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """SQLite makes the table anew for a constraint, and leaves its triggers behind."""
    if schema_editor.connection.vendor == "sqlite":
        for statement in import_module("catalog.migrations.0005_count_assets").SQLITE:
            if "CREATE TRIGGER" in statement:
                schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_teams"),
        ("catalog", "0005_count_assets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, _count_again),
        migrations.AddField(
            model_name="asset",
            name="owner_team",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="owned_assets",
                to="accounts.team",
            ),
        ),
        migrations.AddField(
            model_name="searchdocument",
            name="domain_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AlterField(
            model_name="searchdocument",
            name="kind",
            field=models.CharField(help_text="asset, glossary_term, source, tool, release, …", max_length=20),
        ),
        migrations.AlterField(
            model_name="searchdocument",
            name="owner_id",
            field=models.UUIDField(help_text="A user or a team.", null=True),
        ),
        migrations.CreateModel(
            name="Domain",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("fully_qualified_name", models.CharField(editable=False, max_length=1000)),
                ("key", models.CharField(editable=False, help_text="The full name as it is matched.", max_length=3000)),
                ("name_key", models.CharField(editable=False, help_text="The name as it is matched.", max_length=300)),
                (
                    "display_name",
                    models.CharField(blank=True, help_text="As shown; the name where there is none.", max_length=200),
                ),
                ("description", models.TextField(blank=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner_team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="children",
                        to="catalog.domain",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None)),
                        fields=("organization", "key"),
                        name="domain_name_unique_among_living",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("owner", None), ("owner_team", None), _connector="OR"),
                        name="domain_has_one_owner",
                    ),
                ],
                "ordering": ["key"],
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="asset",
            name="domain",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="assets",
                to="catalog.domain",
            ),
        ),
        migrations.CreateModel(
            name="Glossary",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("fully_qualified_name", models.CharField(editable=False, max_length=1000)),
                ("key", models.CharField(editable=False, help_text="The full name as it is matched.", max_length=3000)),
                ("name_key", models.CharField(editable=False, help_text="The name as it is matched.", max_length=300)),
                (
                    "display_name",
                    models.CharField(blank=True, help_text="As shown; the name where there is none.", max_length=200),
                ),
                ("description", models.TextField(blank=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner_team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None)),
                        fields=("organization", "key"),
                        name="glossary_name_unique_among_living",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("owner", None), ("owner_team", None), _connector="OR"),
                        name="glossary_has_one_owner",
                    ),
                ],
                "verbose_name_plural": "glossaries",
                "ordering": ["key"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="GlossaryTerm",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("fully_qualified_name", models.CharField(editable=False, max_length=1000)),
                ("key", models.CharField(editable=False, help_text="The full name as it is matched.", max_length=3000)),
                ("name_key", models.CharField(editable=False, help_text="The name as it is matched.", max_length=300)),
                (
                    "display_name",
                    models.CharField(blank=True, help_text="As shown; the name where there is none.", max_length=200),
                ),
                ("description", models.TextField(blank=True)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                ("synonyms", models.JSONField(blank=True, default=list)),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("approved", "Approved"), ("deprecated", "Deprecated")],
                        default="draft",
                        max_length=20,
                    ),
                ),
                (
                    "glossary",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="terms", to="catalog.glossary"
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner_team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="children",
                        to="catalog.glossaryterm",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at", None)),
                        fields=("organization", "key"),
                        name="glossaryterm_name_unique_among_living",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("owner", None), ("owner_team", None), _connector="OR"),
                        name="glossaryterm_has_one_owner",
                    ),
                ],
                "verbose_name": "term",
                "ordering": ["key"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AssetTerm",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "asset_id", "term_id", "column", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("column", models.CharField(blank=True, max_length=1000)),
                (
                    "asset",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalog.asset",
                    ),
                ),
                (
                    "term",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalog.glossaryterm",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["term", "asset"], name="asset_term_by_term")],
            },
        ),
        migrations.AddField(
            model_name="asset",
            name="terms",
            field=models.ManyToManyField(
                blank=True, related_name="assets", through="catalog.AssetTerm", to="catalog.glossaryterm"
            ),
        ),
        migrations.AddIndex(
            model_name="asset",
            index=models.Index(
                condition=models.Q(("owner_team__isnull", False)), fields=["owner_team"], name="asset_by_owner_team"
            ),
        ),
        migrations.AddIndex(
            model_name="asset",
            index=models.Index(
                condition=models.Q(("domain__isnull", False)), fields=["domain"], name="asset_by_domain"
            ),
        ),
        migrations.AddConstraint(
            model_name="asset",
            constraint=models.CheckConstraint(
                condition=models.Q(("owner", None), ("owner_team", None), _connector="OR"), name="asset_has_one_owner"
            ),
        ),
        migrations.RunPython(_count_again, migrations.RunPython.noop),
    ]
