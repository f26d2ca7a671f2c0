"""What becomes of an owed message."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviews.actions import interventions, notices, outbox
from reviews.models import Membership, Notice, NoticeSettings
from reviews.states import NoticeKind, NoticeStatus, Verdict
from tests import factories
from tests.reviews.actions.conftest import book, history
from tests.reviews.actions.test_notices import mail, room  # noqa: F401  (mail is a fixture)


@pytest.fixture
def owed(refund, alice):
    """One mail to alice."""
    notices.owe(refund, NoticeKind.REMINDER, [alice], key="k")
    return Notice.objects.get(channel="email")


def now(**later):
    return timezone.now() + timedelta(**later)


class TestTake:
    def test_gives_a_message_to_one_sender(self, owed):
        parcel = outbox.take(now())
        assert parcel.first == owed
        assert outbox.take(now()) is None
        owed.refresh_from_db()
        assert (owed.status, owed.attempts, owed.lease) == (NoticeStatus.SENDING, 1, parcel.lease)

    def test_gives_it_to_another_under_the_same_id_when_the_first_fell_silent(self, owed, settings):
        lost = outbox.take(now())
        assert outbox.take(now(seconds=settings.FOUREYES_NOTICE_LEASE - 1)) is None
        found = outbox.take(now(seconds=settings.FOUREYES_NOTICE_LEASE + 1))
        assert (found.first.message, found.first.attempts) == (lost.first.message, 2)
        assert not outbox.sent(lost), "who was taken for dead marks nothing any more"
        assert outbox.sent(found)

    def test_gives_nothing_before_its_time(self, owed):
        Notice.objects.update(next_at=now(minutes=5))
        assert outbox.take(now()) is None
        assert outbox.take(now(minutes=6)) is not None

    def test_gives_the_longest_due_first(self, owed, refund, bob):
        notices.owe(refund, NoticeKind.REMINDER, [bob], key="k")
        Notice.objects.filter(user=bob, channel="email").update(next_at=now(minutes=-5))
        assert [outbox.take(now()).first.recipient for _ in range(2)] == ["bob@example.org", "alice@example.org"]

    def test_withdraws_what_was_claimed_or_closed_past_the_one_who_should_have_said_so(self, owed, refund, bob):
        interventions.claim(refund.pk, by=bob)
        Notice.objects.update(status=NoticeStatus.OWED)
        assert outbox.take(now()) is None
        interventions.decide(refund.pk, by=bob, verdict=Verdict.APPROVE)
        Notice.objects.update(status=NoticeStatus.FAILED)
        assert outbox.take(now()) is None
        owed.refresh_from_db()
        assert owed.status == NoticeStatus.CANCELLED

    def test_gives_what_is_owed_after_the_claim(self, refund, alice, bob):
        interventions.claim(refund.pk, by=bob)
        notices.owe(refund, NoticeKind.ESCALATED, [alice], key="k")
        assert outbox.take(now()).first.recipient == "alice@example.org"

    def test_tells_nobody_who_has_left_the_queue_or_the_house(self, owed, refund, alice, bob):
        notices.owe(refund, NoticeKind.REMINDER, [bob], key="k")
        Membership.objects.filter(user=alice).delete()
        bob.is_active = False
        bob.save()
        assert outbox.take(now()) is None
        assert set(Notice.objects.filter(channel="email").values_list("status", flat=True)) == {"cancelled"}

    def test_tells_no_room_that_was_switched_off(self, refund, queue, mara):
        endpoint = room(queue, mara, "reminder")
        notices.owe(refund, NoticeKind.REMINDER, [], key="k")
        endpoint.is_active = False
        endpoint.save()
        assert outbox.take(now()) is None

    def test_holds_it_back_where_quiet_hours_were_set_since(self, owed, alice):
        around = {"quiet_from": now(hours=-1).time(), "quiet_to": now(hours=1).time()}
        NoticeSettings.objects.create(user=alice, **around)
        assert outbox.take(now()) is None
        owed.refresh_from_db()
        assert owed.status == NoticeStatus.OWED and owed.next_at > now(minutes=58)

    def test_gives_up_what_kills_every_sender(self, owed, run, settings):
        settings.FOUREYES_NOTICE_ATTEMPTS = 2
        for tried in (1, 2):
            assert outbox.take(now(hours=tried)).first.attempts == tried
        assert outbox.take(now(hours=3)) is None
        owed.refresh_from_db()
        assert owed.status == NoticeStatus.DEAD
        assert history(run)[-1] == "notice.given_up"

    def test_leaves_a_closed_lane_alone(self, owed, refund, queue, mara):
        room(queue, mara, "escalated")
        notices.owe(refund, NoticeKind.ESCALATED, [], key="k")
        closed = outbox.Lanes(mail=True)
        parcel = outbox.take(now(), closed)
        assert parcel.first.channel == "slack"
        closed.close(parcel)
        outbox.failed(parcel, "no answer")
        assert outbox.take(now(minutes=1), closed) is None

    def test_looks_past_many_that_nobody_needs(self, alice, mara, monkeypatch):
        monkeypatch.setattr(outbox, "AT_A_LOOK", 2)
        items = [factories.question(factories.leased()) for _ in range(5)]
        for item in items:
            notices.owe(item, NoticeKind.REMINDER, [alice], key=f"k:{item.pk}")
        for item in items[:4]:
            interventions.decide(item.pk, by=mara, verdict=Verdict.APPROVE)
        Notice.objects.filter(channel="email").update(status=NoticeStatus.OWED)
        assert outbox.take(now()).first.intervention == items[4]


class TestADigest:
    @pytest.fixture
    def items(self, alice, bob):
        for person in (alice, bob):
            NoticeSettings.objects.create(user=person, digest="hourly")
        items = [factories.question(factories.leased()) for _ in range(3)]
        for item in items:
            notices.owe(item, NoticeKind.REMINDER, [alice, bob], key=f"k:{item.pk}")
        return items

    def test_takes_all_of_one_person_at_once(self, items):
        parcels = [outbox.take(now(hours=1)) for _ in range(2)]
        assert [len(parcel.notices) for parcel in parcels] == [3, 3]
        assert [len({one.user for one in parcel.notices}) for parcel in parcels] == [1, 1]
        assert len({one.message for parcel in parcels for one in parcel.notices}) == 2
        assert outbox.take(now(hours=1)) is None

    def test_is_tried_again_as_the_same_message(self, items, alice):
        parcel = outbox.take(now(hours=1))
        outbox.failed(parcel, "451 try later")
        late = factories.question(factories.leased())
        notices.owe(late, NoticeKind.REMINDER, [parcel.first.user], key="late")
        again = [outbox.take(now(hours=3)) for _ in range(3)]
        same = next(one for one in again if one.first.message == parcel.first.message)
        assert {one.pk for one in same.notices} == {one.pk for one in parcel.notices}

    def test_survives_its_sender(self, items, settings):
        lost = outbox.take(now(hours=1))
        found = [outbox.take(now(hours=1, seconds=settings.FOUREYES_NOTICE_LEASE + 1)) for _ in range(2)]
        assert lost.first.message in {parcel.first.message for parcel in found}

    def test_goes_out_under_its_id_after_the_quiet_hours_in_which_its_lease_ended(self, items, settings, alice, bob):
        """The mail server may have it already, and knows it by that id."""
        Notice.objects.filter(user=bob).delete()
        lost = outbox.take(now(hours=1))
        NoticeSettings.objects.filter(user=alice).update(quiet_from=now().time(), quiet_to=now(hours=8).time())
        assert outbox.take(now(hours=1, seconds=settings.FOUREYES_NOTICE_LEASE + 1)) is None
        late = factories.question(factories.leased())
        notices.owe(late, NoticeKind.REMINDER, [alice], key="late")

        found = [outbox.take(now(hours=10)) for _ in range(2)]

        assert lost.first.message in {parcel.first.message for parcel in found}
        assert sorted(len(parcel.notices) for parcel in found) == [1, 3]

    def test_drops_what_was_decided_meanwhile(self, items, mara):
        interventions.decide(items[0].pk, by=mara, verdict=Verdict.APPROVE)
        assert len(outbox.take(now(hours=1)).notices) == 2

    def test_that_was_given_up_goes_out_again_under_its_id_and_with_its_company(self, items, alice, bob, admin):
        Notice.objects.filter(user=bob).delete()
        lost = outbox.take(now(hours=1))
        outbox.failed(lost, "no such mailbox", for_good=True)
        notices.owe(factories.question(factories.leased()), NoticeKind.REMINDER, [alice], key="late")

        for notice in lost.notices:
            notices.send_again(notice.pk, by=admin)

        found = [outbox.take(now(hours=3)) for _ in range(2)]
        again = next(parcel for parcel in found if parcel.first.message == lost.first.message)
        assert {one.pk for one in again.notices} == {one.pk for one in lost.notices}

    def test_that_is_given_up_stands_in_the_book_once(self, items):
        outbox.failed(outbox.take(now(hours=1)), "no such mailbox", for_good=True)
        assert book().count("notice.given_up") == 1
        assert Notice.objects.filter(status="dead").count() == 3


class TestSent:
    def test_keeps_its_time_and_is_sent_once(self, owed):
        assert outbox.sent(outbox.take(now()))
        owed.refresh_from_db()
        assert owed.status == NoticeStatus.SENT and owed.sent_at and owed.lease is None
        assert outbox.take(now(days=1)) is None

    def test_is_true_even_if_the_item_was_taken_while_it_went_out(self, owed, refund, bob):
        parcel = outbox.take(now())
        interventions.claim(refund.pk, by=bob)
        assert outbox.sent(parcel)


class TestFailed:
    def test_waits_longer_each_time_and_gives_up_in_the_end(self, owed, run, settings):
        settings.FOUREYES_NOTICE_ATTEMPTS = 4
        waits = []
        for _ in range(4):
            parcel = outbox.take(now(hours=2))
            outbox.failed(parcel, "connection refused")
            owed.refresh_from_db()
            waits.append((owed.next_at - timezone.now()).total_seconds())
        assert owed.status == NoticeStatus.DEAD and owed.error == "connection refused"
        assert all(12 * 2**number <= waits[number] + 1 and waits[number] <= 18 * 2**number for number in range(3))
        assert history(run)[-1] == book()[-1] == "notice.given_up"

    def test_heeds_what_the_other_side_asks_for_within_reason(self, owed):
        outbox.failed(outbox.take(now()), "429", wait=300)
        owed.refresh_from_db()
        assert timedelta(seconds=298) < owed.next_at - timezone.now() <= timedelta(seconds=300)
        outbox.failed(outbox.take(now(minutes=10)), "429", wait=10**9)
        owed.refresh_from_db()
        assert owed.next_at - timezone.now() <= timedelta(hours=1)

    def test_marks_nothing_that_another_sender_has(self, owed, settings):
        lost = outbox.take(now())
        found = outbox.take(now(seconds=settings.FOUREYES_NOTICE_LEASE + 1))
        outbox.failed(lost, "too late", for_good=True)
        assert outbox.sent(found)
        assert "notice.given_up" not in book()


class TestPauseAfter:
    def test_grows_to_an_hour_and_is_never_quite_the_same(self):
        pauses = [{outbox.pause_after(tries) for _ in range(20)} for tries in range(1, 20)]
        assert all(len(found) > 10 for found in pauses)
        assert 12 <= min(pauses[0]) <= max(pauses[0]) <= 18
        assert max(max(found) for found in pauses) <= 4320
