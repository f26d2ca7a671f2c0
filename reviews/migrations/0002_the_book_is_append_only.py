"""Triggers that refuse to change the audit log."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def protect(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Install the triggers of reviews.audit.triggers."""
    from reviews.audit import triggers

    triggers.create(schema_editor.connection)


def unprotect(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove them."""
    from reviews.audit import triggers

    triggers.drop(schema_editor.connection)


class Migration(migrations.Migration):
    """Protects reviews_auditentry."""

    dependencies = [("reviews", "0001_the_nouns")]
    operations = [migrations.RunPython(protect, unprotect)]
