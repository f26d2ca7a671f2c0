"""manage.py verify_audit: it passes on an honest book and names the entry of every sort of tampering."""

import pytest
from django.db import DataError, OperationalError, connection
from django.db.models import F

from reviews import audit
from reviews.actions import interventions
from reviews.actors import SYSTEM
from reviews.audit import triggers
from reviews.management.cli import Refused
from reviews.models import AuditEntry, AuditHead
from reviews.states import Verdict
from tests import factories
from tests.reviews.management.shell import call, told


@pytest.fixture
def book(alice):
    """A book with the entries of one decided question."""
    question = factories.question()
    interventions.decide(question.pk, by=alice, verdict=Verdict.APPROVE)
    return AuditEntry.objects


@pytest.fixture
def unguarded(book):
    """The same book, its triggers gone."""
    triggers.drop(connection)
    return book


def broken():
    with pytest.raises(Refused) as refused:
        call("verify_audit")
    assert refused.value.returncode == 1
    return refused.value


class TestVerifyAudit:
    def test_counts_the_entries_of_an_honest_book(self, book):
        found = told("verify_audit")

        assert found == {"ok": True, "entries": book.count(), "head": book.last().digest, "repaired_triggers": []}

    def test_tells_people_too(self, book):
        page = call("verify_audit")

        assert f"holds: {book.count()} entries" in page
        assert book.last().digest in page

    def test_passes_on_an_empty_book(self, db):
        assert told("verify_audit")["entries"] == 0

    @pytest.mark.parametrize("column", ["action", "actor", "data", "run"])
    def test_names_an_altered_entry(self, unguarded, column):
        unguarded.filter(seq=3).update(**{column: "forged"})

        refused = broken()
        assert (refused.code, refused.more["seq"]) == ("audit_broken", 3)
        assert "entry 3" in str(refused)

    def test_names_a_deleted_entry(self, unguarded):
        unguarded.filter(seq=2).delete()

        assert broken().more["seq"] == 2

    def test_names_the_end_that_was_cut_off(self, unguarded):
        last = unguarded.last().seq
        unguarded.filter(seq=last).delete()

        assert broken().more["seq"] == last

    def test_names_an_inserted_entry(self, unguarded):
        forged = unguarded.last()
        forged.seq, forged.previous = forged.seq + 1, forged.digest
        forged.digest = audit.ledger.digest(forged)
        forged.save(force_insert=True)

        assert broken().more["seq"] == forged.seq

    def test_names_entries_that_changed_places(self, unguarded):
        unguarded.filter(seq=3).update(seq=0)
        unguarded.filter(seq=2).update(seq=3)
        unguarded.filter(seq=0).update(seq=2)

        assert broken().more["seq"] == 2

    def test_says_both_when_the_book_is_broken_and_unguarded(self, unguarded):
        unguarded.filter(seq=3).update(actor="mallory")

        assert "Triggers are missing too" in str(broken())


class TestTriggers:
    def test_are_missed(self, unguarded):
        refused = broken()

        assert refused.code == "triggers_missing"
        assert len(refused.more["missing_triggers"]) == 3
        assert "--repair-triggers" in str(refused)

    def test_are_installed_again_and_that_is_recorded(self, unguarded):
        found = told("verify_audit", "--repair-triggers")

        assert len(found["repaired_triggers"]) == 3
        assert triggers.missing(connection) == []
        last = unguarded.last()
        assert (last.action, last.actor_type) == ("audit.triggers_installed", SYSTEM.type)
        assert found["entries"] == last.seq

    def test_are_left_alone_where_none_is_missing(self, book):
        before = book.count()

        assert told("verify_audit", "--repair-triggers")["repaired_triggers"] == []
        assert book.count() == before

    def test_are_installed_even_on_a_book_with_a_forged_head(self, unguarded):
        AuditHead.objects.update(seq=F("seq") - 1)

        with pytest.raises(Refused, match=r"broken.*Installed again, but the book takes no entry of it: .*_no_delete"):
            call("verify_audit", "--repair-triggers")
        assert triggers.missing(connection) == []

    @pytest.mark.parametrize("error", [OperationalError("database is locked"), DataError("odd")])
    def test_are_not_installed_where_that_cannot_be_recorded(self, unguarded, monkeypatch, error):
        def busy(*acts):
            raise error

        monkeypatch.setattr(audit, "record", busy)

        with pytest.raises(Refused, match=str(error)):
            call("verify_audit", "--repair-triggers")
        assert len(triggers.missing(connection)) == 3
