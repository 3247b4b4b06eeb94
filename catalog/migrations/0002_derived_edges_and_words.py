import django.db.models.deletion
from django.db import migrations, models

import catalog.models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="tag", name="tag_name_unique_in_organization"),
        migrations.AddField(
            model_name="tag",
            name="key",
            field=models.CharField(
                default="", editable=False, help_text="The name as it is matched, whatever its case.", max_length=300
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(fields=("organization", "key"), name="tag_name_unique_in_organization"),
        ),
        migrations.AddField(
            model_name="relationship",
            name="upstream_id",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(then="target_id", type__in=["DEPENDS_ON", "USES"]),
                    models.When(then="source_id", type="PRODUCES"),
                ),
                output_field=models.UUIDField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="relationship",
            name="downstream_id",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(then="source_id", type__in=["DEPENDS_ON", "USES"]),
                    models.When(then="target_id", type="PRODUCES"),
                ),
                output_field=models.UUIDField(null=True),
            ),
        ),
        migrations.AddIndex(
            model_name="relationship",
            index=models.Index(
                condition=models.Q(("downstream_id__isnull", False)),
                fields=["downstream_id", "upstream_id"],
                name="relationship_upstream_of",
            ),
        ),
        migrations.AddIndex(
            model_name="relationship",
            index=models.Index(
                condition=models.Q(("upstream_id__isnull", False)),
                fields=["upstream_id", "downstream_id"],
                name="relationship_downstream_of",
            ),
        ),
        migrations.DeleteModel(name="SearchDocument"),
        migrations.CreateModel(
            name="SearchDocument",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("entity_id", models.UUIDField(editable=False, unique=True)),
                ("kind", models.CharField(help_text="asset, source, tool, release, component", max_length=20)),
                ("type", models.CharField(blank=True, max_length=40)),
                ("name", models.TextField()),
                ("path", models.TextField(blank=True, help_text="The qualified name.")),
                ("description", models.TextField(blank=True, help_text="Its beginning, to show what was found.")),
                ("columns", models.TextField(blank=True, help_text="Column names, one a line.")),
                ("tags", models.JSONField(default=list, help_text="Names of tags.")),
                ("origin_id", models.UUIDField(null=True)),
                ("owner_id", models.UUIDField(null=True)),
                ("is_public", models.BooleanField(default=False)),
                (
                    "folded",
                    models.TextField(blank=True, help_text="The name, lower-cased, for parts of words."),
                ),
                ("vector", catalog.models.WordVectorField(blank=True)),
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
        ),
    ]
