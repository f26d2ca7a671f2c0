"""Policies of time in the database."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from reviews.models import EscalationPolicy


@pytest.mark.django_db(transaction=True)
def test_silence_that_one_person_alone_let_approve_rejects_after_the_upgrade(mara, alice):
    call_command("migrate", "reviews", "0012", verbosity=0)
    before = MigrationLoader(connection).project_state([("reviews", "0012_notice_kinds")])
    policies = before.apps.get_model("reviews", "EscalationPolicy").objects
    try:
        said = {"body": {"final": {"do": "approve"}}, "created_at": timezone.now(), "enabled_by_id": mara.pk}
        policies.create(slug="one", **said)
        policies.create(slug="two", written_by_id=alice.pk, **said)
    finally:
        call_command("migrate", "reviews", verbosity=0)

    assert dict(EscalationPolicy.objects.values_list("slug", "enabled_by")) == {"one": None, "two": mara.pk}
