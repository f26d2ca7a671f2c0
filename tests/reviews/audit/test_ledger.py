"""Writing the book."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews import audit, events
from reviews.actors import CLOCK, SYSTEM, Actor, ActorType
from reviews.audit import Act, Verified, ledger
from reviews.models import AuditEntry, AuditHead, Event, Run
from reviews.models.audit_entry import GENESIS
from tests import factories

pytestmark = pytest.mark.django_db


class TestRecord:
    def test_chains_each_entry_to_the_one_before(self):
        audit.record(Act("a.one", SYSTEM), Act("a.two", SYSTEM))
        audit.record(Act("a.three", SYSTEM))

        one, two, three = AuditEntry.objects.order_by("seq")
        assert [one.seq, two.seq, three.seq] == [1, 2, 3]
        assert [one.previous, two.previous, three.previous] == [GENESIS, one.digest, two.digest]
        head = AuditHead.objects.get()
        assert (head.seq, head.digest) == (3, three.digest)

    def test_tells_the_history_of_the_run_under_the_same_number(self):
        question = factories.question()
        for event in Event.objects.all():
            entry = AuditEntry.objects.get(seq=event.seq)
            assert (event.kind, event.actor, event.at, str(event.run_id)) == (
                entry.action,
                entry.actor,
                entry.at,
                entry.run,
            )
            assert event.data == json.loads(entry.data)
        opened = Event.objects.get(kind="intervention.opened")
        assert opened.intervention == question
        assert AuditEntry.objects.get(seq=opened.seq).subject == f"intervention:{question.pk}"

    def test_keeps_out_of_the_histories_what_belongs_to_no_run(self):
        audit.record(Act("user.signed_in", Actor(ActorType.USER, "alice")))
        assert AuditEntry.objects.get().run == "" and not Event.objects.exists()

    def test_never_gives_a_timeout_a_persons_name(self):
        audit.record(Act("run.worker_lost", CLOCK))
        assert AuditEntry.objects.get().actor_type == "system"

    def test_rolls_back_with_what_it_records(self):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            run = factories.run()
            raise ZeroDivisionError
        assert not Run.objects.filter(pk=run.pk).exists()
        assert not AuditEntry.objects.exists() and not Event.objects.exists()
        assert audit.record(Act("a.one", SYSTEM)) == 1

    @pytest.mark.django_db(transaction=True)
    def test_is_refused_outside_of_a_transaction(self):
        with pytest.raises(transaction.TransactionManagementError, match="inside the transaction"):
            audit.record(Act("a.one", SYSTEM))
        assert not AuditEntry.objects.exists()

    def test_rings_once_per_run_with_the_newest_number(self, monkeypatch):
        told = []
        run, other = factories.run(), factories.run()
        monkeypatch.setattr(events, "publish", told.append)
        seq = audit.record(Act("a.one", SYSTEM, run), Act("a.two", SYSTEM, run), Act("a.three", SYSTEM, other))
        assert told == [
            events.Recorded(run.pk, seq, (run.queue_id,)),
            events.Recorded(other.pk, seq, (other.queue_id,)),
        ]

    def test_rings_in_the_queue_of_the_question_too(self, monkeypatch):
        question = factories.question()
        question.queue = factories.queue("legal")
        question.save()
        told = []
        monkeypatch.setattr(events, "publish", told.append)
        audit.record(Act("a.one", SYSTEM, question.run, question))
        assert told[0].queue_ids == tuple(sorted({question.queue_id, question.run.queue_id}))


class TestDigest:
    def entry(self, **changes):
        at = datetime(2026, 11, 22, 18, 48, 31, 123456, tzinfo=UTC)
        fields = {"seq": 7, "at": at, "action": "a.b", "actor_type": "user", "actor": "Łucja", "data": '{"n":"é🙂"}'}
        return AuditEntry(**fields | {"previous": GENESIS} | changes)

    def test_is_the_documented_one(self):
        text = (
            '[7,"2026-11-22T18:48:31.123456+00:00","a.b","user","Łucja","","","{\\"n\\":\\"é🙂\\"}","' + GENESIS + '"]'
        )
        assert ledger.digest(self.entry()) == hashlib.sha256(text.encode()).hexdigest()

    def test_does_not_depend_on_the_time_zone_it_is_told_in(self):
        here = self.entry().at.astimezone(timezone(timedelta(hours=5, minutes=30)))
        assert ledger.digest(self.entry(at=here)) == ledger.digest(self.entry())

    @pytest.mark.parametrize(
        "change",
        [
            {"seq": 8},
            {"at": datetime(2026, 11, 22, 18, 48, 31, 123457, tzinfo=UTC)},
            {"action": "a.c"},
            {"actor_type": "system"},
            {"actor": "Lucja"},
            {"run": "x"},
            {"subject": "x"},
            {"data": '{"n": "é🙂"}'},
            {"previous": "1" * 64},
            {"action": 'a.b","user', "actor_type": ""},
        ],
    )
    def test_covers_every_column(self, change):
        assert ledger.digest(self.entry(**change)) != ledger.digest(self.entry())


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aé日🙂\n\"\\'"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


class TestRoundTrip:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        data=st.dictionaries(st.text("xyz", max_size=5), values, max_size=4),
        at=moments,
        name=st.text("aŁ日🙂", max_size=50),
    )
    def test_through_the_database_changes_no_digest(self, monkeypatch, data, at, name):
        monkeypatch.setattr(ledger.timezone, "now", lambda: at)
        audit.record(Act("a.b", Actor(ActorType.USER, name), data=data))
        assert isinstance(audit.verify(), Verified)

    def test_keeps_microseconds(self, monkeypatch):
        at = datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
        monkeypatch.setattr(ledger.timezone, "now", lambda: at)
        audit.record(Act("a.b", SYSTEM))
        assert AuditEntry.objects.get().at == at
        assert isinstance(audit.verify(), Verified)
