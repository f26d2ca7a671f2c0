"""Reading the book against itself, after somebody went behind the triggers' back."""

import pytest
from django.db import OperationalError, connection
from django.db.models import F

from reviews import audit
from reviews.actors import SYSTEM
from reviews.audit import Act, Broken, Verified, ledger, triggers
from reviews.models import AuditEntry, AuditHead, Event
from reviews.models.audit_entry import GENESIS
from tests import factories

ENTRIES = 9


@pytest.fixture
def entries(db):
    """A book of nine entries, and its triggers switched off."""
    for number in range(1, ENTRIES + 1):
        audit.record(Act(f"a.{number}", SYSTEM, data={"number": number}))
    assert isinstance(audit.verify(), Verified)
    triggers.drop(connection)
    return AuditEntry.objects


def rewrite(entry, **changes):
    """Alter an entry and make its digest fit, as a clever forger would."""
    for name, value in changes.items():
        setattr(entry, name, value)
    AuditEntry.objects.filter(seq=entry.seq).update(**changes, digest=ledger.digest(entry))


def move(entries, seq, to):
    entries.filter(seq=seq).update(seq=to)


class TestWholeBook:
    def test_that_nobody_has_written_holds(self, db):
        assert audit.verify() == Verified(0, GENESIS)

    def test_tells_its_length_and_its_newest_digest(self, entries):
        assert audit.verify() == Verified(ENTRIES, entries.get(seq=ENTRIES).digest)

    @pytest.mark.parametrize("before", [0, 5])
    def test_holds_while_others_write_it(self, db, monkeypatch, before):
        for number in range(before):
            audit.record(Act(f"a.{number}", SYSTEM))
        real = AuditHead.objects.filter
        late = [Act("a.late", SYSTEM)]

        def filter_after_another_entry(**kwargs):
            if late:
                audit.record(late.pop())
            return real(**kwargs)

        monkeypatch.setattr(AuditHead.objects, "filter", filter_after_another_entry)
        assert audit.verify() == Verified(before + 1, AuditHead.objects.get().digest)


@pytest.mark.parametrize("seq", [1, 5, ENTRIES])
class TestAlteredEntry:
    @pytest.mark.parametrize(
        "change",
        [
            {"action": "a.forged"},
            {"actor": "mara"},
            {"actor_type": "user"},
            {"data": '{"number":0}'},
            {"run": "x"},
            {"subject": "x"},
            {"digest": "f" * 64},
        ],
    )
    def test_is_named(self, entries, seq, change):
        entries.filter(seq=seq).update(**change)
        found = audit.verify()
        assert found.seq == seq
        assert f"the text of entry {seq}" in found.problem and "altered" in found.problem

    def test_is_named_for_one_microsecond(self, entries, seq):
        entry = entries.get(seq=seq)
        entries.filter(seq=seq).update(at=entry.at.replace(microsecond=(entry.at.microsecond + 1) % 1_000_000))
        assert audit.verify().seq == seq

    def test_is_named_for_a_forged_link(self, entries, seq):
        entries.filter(seq=seq).update(previous="e" * 64)
        found = audit.verify()
        assert (found.seq, f"entry {seq} does not follow entry {seq - 1}" in found.problem) == (seq, True)


class TestRewrittenEntry:
    def test_breaks_the_link_of_the_next(self, entries):
        rewrite(entries.get(seq=5), actor="mara")
        assert audit.verify() == Broken(
            6, "entry 6 does not follow entry 5: one of them was replaced, inserted or moved"
        )

    def test_at_the_end_is_missed_by_the_head(self, entries):
        rewrite(entries.get(seq=ENTRIES), actor="mara")
        assert audit.verify() == Broken(
            ENTRIES, "entry 9 is not the one that the head of the book remembers: it was replaced"
        )


class TestDeletedEntry:
    @pytest.mark.parametrize("seq", [1, 5])
    def test_is_named(self, entries, seq):
        entries.filter(seq=seq).delete()
        assert audit.verify() == Broken(seq, f"entry {seq} is missing: the next one found is {seq + 1}")

    @pytest.mark.parametrize("kept", [8, 5, 0])
    def test_at_the_end_is_named_too(self, entries, kept):
        entries.filter(seq__gt=kept).delete()
        assert audit.verify() == Broken(
            kept + 1, f"entry {kept + 1} is missing: the book ends before it, its head remembers 9"
        )

    def test_is_named_when_the_later_ones_moved_up(self, entries):
        entries.filter(seq=5).delete()
        for seq in range(6, ENTRIES + 1):
            move(entries, seq, seq - 1)
        assert audit.verify().seq == 5

    def test_is_named_when_the_head_was_turned_back_as_well(self, entries):
        run = factories.run()
        last = AuditEntry.objects.get(run=str(run.pk)).seq
        triggers.drop(connection)
        AuditEntry.objects.filter(seq=last).delete()
        AuditHead.objects.update(seq=last - 1, digest=AuditEntry.objects.get(seq=last - 1).digest)

        assert audit.verify() == Broken(last, f"entry {last} is missing: the runs' histories go on to entry {last}")
        assert Event.objects.exists()


class TestInsertedEntry:
    def forged(self, seq, previous):
        entry = AuditEntry(seq=seq, at=AuditEntry.objects.first().at, action="a.x", actor_type="system", actor="x")
        entry.data, entry.previous = "{}", previous
        entry.digest = ledger.digest(entry)
        return entry

    def test_between_two_is_named(self, entries):
        for seq in range(ENTRIES, 4, -1):
            move(entries, seq, seq + 1)
        self.forged(5, "d" * 64).save(force_insert=True)
        assert audit.verify().seq == 5

    def test_at_the_end_is_named(self, entries):
        self.forged(10, entries.get(seq=9).digest).save(force_insert=True)
        assert audit.verify() == Broken(10, "entry 10 was added: the head of the book remembers 9")

    @pytest.mark.parametrize("seq", [0, -3])
    def test_before_the_first_is_named(self, entries, seq):
        self.forged(seq, "d" * 64).save(force_insert=True)
        assert audit.verify() == Broken(seq, f"entry {seq} stands where entry 1 should")

    def test_far_behind_the_end_is_named_by_the_gap(self, entries):
        self.forged(99, "d" * 64).save(force_insert=True)
        assert audit.verify() == Broken(10, "entry 10 is missing: the next one found is 99")


class TestReorderedEntries:
    def test_are_named_by_the_first_of_them(self, entries):
        entries.filter(seq=3).update(seq=100)
        move(entries, 6, 3)
        move(entries, 100, 6)
        assert audit.verify().seq == 3

    def test_are_named_even_when_all_moved(self, entries):
        entries.update(seq=F("seq") + 100)
        for seq in range(1, ENTRIES + 1):
            move(entries, 100 + seq, ENTRIES + 1 - seq)
        assert audit.verify().seq == 1


class TestUnreadableEntry:
    @pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite keeps what is no date in a date's column")
    @pytest.mark.parametrize("nonsense", ["yesterday", "2026-13-45 99:99:99", ""])
    def test_is_named_and_not_a_crash(self, entries, nonsense):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE reviews_auditentry SET at = %s WHERE seq = 5", [nonsense])
        found = audit.verify()
        assert found.seq == 5 and found.problem.startswith("entry 5 cannot be read")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite keeps what is no text in a text's column")
class TestUndecodableEntry:
    @pytest.mark.parametrize("column", ["data", "actor", "action", "run", "subject", "digest"])
    @pytest.mark.parametrize("seq", [1, 5, ENTRIES])
    def test_is_named_and_not_a_crash(self, entries, column, seq):
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE reviews_auditentry SET {column} = CAST(X'7B80FF7D' AS TEXT) WHERE seq = %s", [seq])
        found = audit.verify()
        assert found.seq == seq and found.problem.startswith(f"entry {seq} cannot be read")

    def test_does_not_stand_for_a_database_in_trouble(self, entries, monkeypatch):
        def refuse(*args, **kwargs):
            raise OperationalError("disk I/O error")

        monkeypatch.setitem(audit.verify.__globals__, "_problem", refuse)
        with pytest.raises(OperationalError, match="disk"):
            audit.verify()


class TestHead:
    @pytest.mark.parametrize("change", [{"seq": 20}, {"digest": "c" * 64}, {"seq": 3}])
    def test_that_was_altered_is_found(self, entries, change):
        AuditHead.objects.update(**change)
        assert isinstance(audit.verify(), Broken)

    def test_that_was_deleted_is_found(self, entries):
        AuditHead.objects.all().delete()
        assert audit.verify() == Broken(1, "entry 1 was added: the head of the book remembers 0")
