"""Drop the two indexes that Django makes for LIKE on unique text columns: nobody asks LIKE of a digest or a span's id."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

COLUMNS = (("AuditEntry", "previous"), ("Span", "span_id"))


def _each(do: Callable[[Any, Any, Any], None], apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":  # others have none
        for name, column in COLUMNS:
            model = apps.get_model("reviews", name)
            do(editor, model, model._meta.get_field(column))


def _drop(editor: Any, model: Any, field: Any) -> None:
    editor.execute(editor._delete_index_sql(model, str(editor._create_like_index_sql(model, field).parts["name"])))


def _make(editor: Any, model: Any, field: Any) -> None:
    editor.execute(editor._create_like_index_sql(model, field))


class Migration(migrations.Migration):
    """Only PostgreSQL has them; the constraints stay what they are."""

    dependencies = [("reviews", "0005_workers")]
    operations = [migrations.RunPython(partial(_each, _drop), partial(_each, _make))]
