"""The audit log as a file: complete, exact, harmless to spreadsheets, and itself in the book."""

import csv
import io
import json

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.test import Client
from django.urls import reverse

from reviews import audit
from reviews.actors import Actor, ActorType
from reviews.audit import Act, ledger
from reviews.models import AuditEntry, AuditHead
from reviews.web import audit_export

COUNT = 7
MALLORY = Actor(ActorType.USER, "=cmd|' /C calc'!A0")


def export(user, **data):
    client = Client()
    client.force_login(user)
    return client.post(reverse("reviews:export_audit"), data)


def text_of(response):
    """The streamed body, read as an ASGI server reads it."""

    async def read():
        return b"".join([chunk async for chunk in response.streaming_content])

    return async_to_sync(read)().decode()


def lines_of(response):
    return [json.loads(line) for line in text_of(response).splitlines()]


def rows_of(response):
    return list(csv.reader(io.StringIO(text_of(response), newline="")))


@pytest.fixture
def entries(otto):
    """A few entries, one by somebody with an evil name."""
    with transaction.atomic():
        for number in range(1, COUNT):
            audit.record(Act(f"a.{number}", Actor.of(otto), data={"number": number, "text": "naïve\n“quote”"}))
        audit.record(Act("b.evil", MALLORY, data={"note": "+1"}))
    return AuditEntry.objects.order_by("seq")


class TestJsonLines:
    def test_hold_every_entry_exactly(self, otto, entries):
        *records, _ = lines_of(export(otto, format="jsonl"))

        assert [record["seq"] for record in records] == list(range(1, COUNT + 1))
        assert [record["data"] for record in records] == list(entries.values_list("data", flat=True)[:COUNT])

    def test_can_be_verified_without_us(self, otto, entries):
        *records, end = lines_of(export(otto, format="jsonl"))

        previous = "0" * 64
        for record in records:
            assert record["previous"] == previous
            entry = AuditEntry(**record | {"at": AuditEntry._meta.get_field("at").to_python(record["at"])})
            assert ledger.digest(entry) == record["digest"]
            previous = record["digest"]
        assert end["manifest"]["head_digest"] == previous

    def test_end_with_what_they_hold(self, otto, entries):
        head = AuditHead.objects.get()

        manifest = lines_of(export(otto, format="jsonl"))[-1]["manifest"]

        assert (manifest["count"], manifest["first_seq"], manifest["last_seq"]) == (COUNT, 1, COUNT)
        assert (manifest["head_seq"], manifest["head_digest"]) == (head.seq, head.digest)
        assert manifest["exported_by"] == "otto"

    def test_obey_the_filters_and_name_them(self, otto, entries):
        *records, end = lines_of(export(otto, format="jsonl", action="b."))

        assert [record["action"] for record in records] == ["b.evil"]
        assert end["manifest"]["filters"] == {"action": "b."}
        assert end["manifest"]["count"] == 1

    def test_of_nothing_are_only_the_end(self, otto, entries):
        (end,) = lines_of(export(otto, format="jsonl", actor="nobody"))

        assert (end["manifest"]["count"], end["manifest"]["first_seq"]) == (0, None)

    def test_are_told_apart_by_name_and_type(self, otto, entries):
        response = export(otto, format="jsonl")

        assert response["Content-Type"] == "application/jsonl"
        assert response["Content-Disposition"].endswith('.jsonl"')


class TestCsv:
    def test_holds_a_row_of_names_the_entries_and_the_end(self, otto, entries):
        names, *records, end = rows_of(export(otto, format="csv"))

        assert tuple(names) == audit_export.FIELDS
        assert len(records) == COUNT
        assert end[0] == "manifest"
        assert json.loads(end[1])["count"] == COUNT

    def test_is_harmless_to_a_spreadsheet(self, otto, entries):
        evil = rows_of(export(otto, format="csv", action="b."))[1]

        assert evil[audit_export.FIELDS.index("actor")] == "'=cmd|' /C calc'!A0"

    @pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "＝1"])
    def test_takes_the_edge_off_every_formula(self, cell):
        assert audit_export.harmless(cell) == f"'{cell}"

    @pytest.mark.parametrize("cell", ["", "a=1", "2026-11-22", "{}", 7, None])
    def test_leaves_the_rest_alone(self, cell):
        assert audit_export.harmless(cell) == cell


class TestExport:
    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_is_written_into_the_book_with_its_filters(self, otto, entries, kind):
        export(otto, format=kind, action="a.")

        signed = AuditEntry.objects.latest("seq")
        assert (signed.action, signed.actor) == ("audit.exported", "otto")
        assert json.loads(signed.data) == {"format": kind, "filters": {"action": "a."}, "up_to": COUNT}

    def test_does_not_hold_what_happened_after_it_began(self, otto, entries):
        response = export(otto, format="jsonl")
        with transaction.atomic():
            audit.record(Act("c.later", Actor.of(otto)))

        assert [record.get("seq") for record in lines_of(response)] == [*range(1, COUNT + 1), None]

    def test_comes_in_batches(self, otto, entries, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr(audit_export, "BATCH", 3)
        response = export(otto, format="jsonl")

        with django_assert_num_queries(4):  # 3 + 3 + 1, and the one that finds nothing more
            assert len(lines_of(response)) == COUNT + 1

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            ({}, "Choose CSV or JSON lines"),
            ({"format": "exe"}, "Choose CSV or JSON lines"),
            ({"format": "csv", "since": "soon"}, "From: Enter a valid date."),
        ],
    )
    def test_refuses_what_makes_no_sense_on_the_page_of_the_log(self, otto, entries, data, why):
        response = export(otto, **data)

        assert response.status_code == 422
        assert "<h1>Audit log" in response.content.decode()
        assert why in response.content.decode()
        assert not AuditEntry.objects.filter(action="audit.exported").exists()

    def test_is_not_for_charlie(self, charlie, alice, entries):
        assert export(charlie, format="csv").status_code == 404
        assert export(alice, format="jsonl").status_code == 404
        assert Client().post(reverse("reviews:export_audit"), {"format": "csv"}).status_code == 302

    def test_is_not_done_by_a_link(self, otto):
        client = Client()
        client.force_login(otto)

        assert client.get(reverse("reviews:export_audit")).status_code == 405
