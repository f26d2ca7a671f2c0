"""What a reviewer does to one question beside deciding it, on its page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from reviews.actions import asking_back, assignments, holding, interventions
from reviews.actors import POLICY
from reviews.models import AskBack, Intervention
from reviews.web import fragments, holds
from reviews.web.filters import Filter
from tests import factories
from tests.reviews.actions import time_travel
from tests.reviews.desk_data import refund, text_of
from tests.reviews.web.visits import page_of, post

pytestmark = pytest.mark.django_db
WHY = "Waiting for the bank."


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only where a test lets it."""
    return time_travel.Traveller(monkeypatch)


@pytest.fixture
def item(bob):
    """A refund whose run bob started, due in an hour."""
    made = refund(on=factories.leased(factories.run(by=bob)))
    Intervention.objects.filter(pk=made.pk).update(due_at=timezone.now() + timedelta(hours=1))
    made.refresh_from_db()
    return made


def pane(user, item, **query):
    return text_of(page_of(user, "reviews:intervention", item.pk, **query))


def fresh(item):
    item.refresh_from_db()
    return item


class TestClaimed:
    def test_says_until_when_it_is_theirs(self, item, alice, bob):
        claimed = interventions.claim(item.pk, by=alice)
        until = f"{timezone.localtime(claimed.claim_expires_at):%H:%M}"
        assert f">{until}</time>" in pane(alice, item) and "data-lease" in pane(alice, item)
        assert "data-lease" not in pane(bob, item)

    def test_lasts_on_while_its_page_says_so(self, item, alice):
        interventions.claim(item.pk, by=alice)
        Intervention.objects.filter(pk=item.pk).update(claim_expires_at=timezone.now() + timedelta(seconds=9))

        answer = post(alice, "reviews:renew", item.pk)

        assert answer.status_code == 200
        assert fresh(item).claim_expires_at.isoformat() == answer.json()["until"]
        assert fresh(item).claim_expires_at > timezone.now() + timedelta(minutes=10)

    def test_cannot_be_renewed_by_others_or_when_it_ran_out(self, item, alice, bob, charlie):
        interventions.claim(item.pk, by=alice)
        assert post(bob, "reviews:renew", item.pk).status_code == 409
        assert post(charlie, "reviews:renew", item.pk).status_code == 404
        Intervention.objects.filter(pk=item.pk).update(claim_expires_at=timezone.now())
        assert post(alice, "reviews:renew", item.pk).status_code == 409

    def test_that_ran_out_is_free_for_others_on_the_page_too(self, item, alice, bob):
        interventions.claim(item.pk, by=alice)
        Intervention.objects.filter(pk=item.pk).update(claim_expires_at=timezone.now())
        assert reverse("reviews:claim", args=[item.pk]) in pane(bob, item)


class TestSnooze:
    def test_hides_it_from_ones_own_inbox_only(self, item, alice, bob):
        assert post(alice, "reviews:snooze", item.pk, minutes=30).status_code == 302

        assert fresh(item).assignee == alice
        assert item.title not in text_of(page_of(alice, "reviews:inbox"))
        assert item.title in text_of(page_of(alice, "reviews:inbox", tab="snoozed"))
        assert item.title in text_of(page_of(bob, "reviews:inbox"))

    def test_can_be_undone(self, item, alice):
        post(alice, "reviews:snooze", item.pk, minutes=30)
        assert "bring it back" in pane(alice, item)
        post(alice, "reviews:unsnooze", item.pk)
        assert item.title in text_of(page_of(alice, "reviews:inbox"))

    def test_ends_by_itself(self, item, alice):
        post(alice, "reviews:snooze", item.pk, minutes=30)
        Intervention.objects.filter(pk=item.pk).update(snoozed_until=timezone.now())
        assert item.title in text_of(page_of(alice, "reviews:inbox"))

    def test_offers_only_what_ends_before_it_is_due(self, item, alice):
        context = page_of(alice, "reviews:intervention", item.pk).context
        assert [minutes for minutes, _ in context["snoozes"]] == [15, 30]

    @pytest.mark.parametrize("minutes", ["", "0", "nonsense", "61", "9" * 30])
    def test_of_another_length_is_refused_in_words(self, item, alice, minutes):
        answer = post(alice, "reviews:snooze", item.pk, minutes=minutes)
        assert answer.status_code == 422
        assert 'id="conflict"' in answer.content.decode()

    def test_is_not_offered_for_what_is_a_colleagues(self, item, alice, bob, mara):
        assignments.assign(item.pk, to=bob, by=mara)
        assert reverse("reviews:snooze", args=[item.pk]) not in pane(alice, item)
        assert post(alice, "reviews:snooze", item.pk, minutes=15).status_code == 409


class TestExtend:
    def test_puts_off_the_due_time(self, item, alice):
        due_at = item.due_at
        post(alice, "reviews:extend", item.pk, minutes=30, reason=WHY)
        assert fresh(item).due_at == due_at + timedelta(minutes=30)

    def test_without_a_reason_is_refused(self, item, alice):
        answer = post(alice, "reviews:extend", item.pk, minutes=30, reason="")
        assert (answer.status_code, fresh(item).extended) == (422, 0)

    def test_is_offered_as_often_as_it_is_possible(self, item, alice, settings):
        settings.FOUREYES_EXTENSIONS = 1
        assert "Possible 1 more time," in pane(alice, item).replace(".", ",")
        holding.extend(item.pk, seconds=60, reason=WHY, by=alice)
        assert reverse("reviews:extend", args=[item.pk]) not in pane(alice, item)

    def test_never_offers_what_passes_the_expiry_or_the_setting(self, item, alice, settings):
        settings.FOUREYES_EXTEND_SECONDS = 3600
        item.expires_at = item.due_at + timedelta(minutes=40)
        assert holds._extensions(item, timezone.now()) == [(15, "15 minutes"), (30, "30 minutes")]
        item.expires_at = None
        assert [minutes for minutes, _ in holds._extensions(item, timezone.now())] == [15, 30, 60]

    def test_offers_what_the_clock_of_the_item_has_left_before_the_expiry(self, clock):
        time_travel.policy(clock="business", respond_within="4h", expires_after="22h")  # from noon until ten tomorrow
        item = time_travel.ask()
        assert [minutes for minutes, _ in holds._extensions(item, clock.now)] == [15, 30, 60, 120]


class TestAskBack:
    def test_stops_the_clock_and_shows_the_asked_a_place_to_answer(self, item, alice, bob):
        post(alice, "reviews:ask_back", item.pk, of="bob", question="Which charge?")

        assert "Clock stands" in pane(alice, item) and "Which charge?" in pane(alice, item)
        assert "Waits for an answer" in text_of(page_of(alice, "reviews:inbox"))
        assert reverse("reviews:answer_back", args=[item.pk]) in pane(bob, item)
        assert reverse("reviews:answer_back", args=[item.pk]) not in pane(alice, item)

    def test_is_answered_and_the_answer_stays_to_be_read(self, item, alice, bob):
        asking_back.ask(item.pk, of=bob, question="Which charge?", by=alice)
        answer = post(bob, "reviews:answer_back", item.pk, answer="The second.")
        assert answer.url == reverse("reviews:intervention", args=[item.pk])
        assert "The second." in pane(alice, item) and "Clock stands" not in pane(alice, item)

    def test_leads_the_asked_home_where_they_may_not_see_it_otherwise(self, alice, queue):
        dora = factories.user("dora")
        seat = factories.seat(dora, queue)
        item = refund(on=factories.leased(factories.run(by=dora)))
        seat.delete()
        asking_back.ask(item.pk, of=dora, question="Which charge?", by=alice)
        assert "You can read this, not decide it." in pane(dora, item)

        answer = post(dora, "reviews:answer_back", item.pk, answer="The second.")

        assert answer.url == reverse("reviews:inbox")
        assert page_of(dora, "reviews:intervention", item.pk).status_code == 404

    def test_without_words_is_refused(self, item, alice, bob):
        assert post(alice, "reviews:ask_back", item.pk, of="bob", question="").status_code == 422
        asking_back.ask(item.pk, of=bob, question="Which charge?", by=alice)
        assert post(bob, "reviews:answer_back", item.pk, answer="").status_code == 422

    def test_too_late_says_so(self, item, alice, bob):
        asking_back.ask(item.pk, of=bob, question="Which charge?", by=alice)
        post(alice, "reviews:withdraw", item.pk)
        answer = post(bob, "reviews:answer_back", item.pk, answer="The second.")
        assert (answer.status_code, "Nobody waits" in text_of(answer)) == (409, True)

    def test_after_the_verdict_says_how_it_was_decided(self, item, alice, bob):
        asking_back.ask(item.pk, of=bob, question="Which charge?", by=alice)
        interventions.decide(item.pk, by=alice, verdict="approve")
        answer = post(bob, "reviews:answer_back", item.pk, answer="The second.")
        assert (answer.status_code, "alice approved" in text_of(answer)) == (409, True)

    @pytest.mark.parametrize("end", ["decided", "withdrawn", "decided meanwhile"])
    def test_too_late_gives_their_words_back_to_who_may_not_read_it_any_more(self, alice, queue, end, monkeypatch):
        dora = factories.user("dora")
        seat = factories.seat(dora, queue)
        item = refund(on=factories.leased(factories.run(by=dora)))
        seat.delete()
        asking_back.ask(item.pk, of=dora, question="Which charge?", by=alice)

        def over():
            if end == "withdrawn":
                asking_back.withdraw(item.pk, by=alice)
            else:
                interventions.decide(item.pk, by=alice, verdict="approve")

        if end == "decided meanwhile":
            answer_in_time = asking_back.answer
            monkeypatch.setattr(asking_back, "answer", lambda *_, **said: (over(), answer_in_time(*_, **said)))
        else:
            over()
        answer = post(dora, "reviews:answer_back", item.pk, answer="The second, of <May>.")

        assert (answer.status_code, "Your answer was not sent." in text_of(answer)) == (409, True)
        assert "The second, of &lt;May&gt;." in answer.content.decode()
        assert item.title not in text_of(answer) and "approved" not in text_of(answer)
        assert page_of(dora, "reviews:intervention", item.pk).status_code == 404

    def test_is_not_possible_where_the_system_started_the_run(self, alice):
        item = refund()
        assert reverse("reviews:ask_back", args=[item.pk]) not in pane(alice, item)
        assert post(alice, "reviews:ask_back", item.pk, question="Which charge?").status_code == 422
        assert not AskBack.objects.exists()

    @pytest.mark.parametrize("of", ["", "mara", "dora", "nobody"])
    def test_asks_nobody_else_where_the_chosen_one_cannot_be_asked(self, item, alice, bob, mara, of):
        """A page that was opened before dora left still offers her."""
        answer = post(alice, "reviews:ask_back", item.pk, of=of, question="Which charge?")
        assert (answer.status_code, "Choose whom to ask." in text_of(answer)) == (422, True)
        assert not AskBack.objects.exists()

    def test_is_not_for_strangers_to_answer(self, item, alice, bob, mara, charlie):
        asking_back.ask(item.pk, of=bob, question="Which charge?", by=alice)
        assert post(mara, "reviews:answer_back", item.pk, answer="Me!").status_code == 403
        assert post(charlie, "reviews:answer_back", item.pk, answer="Me!").status_code == 404


class TestEscalate:
    def test_shows_the_level_in_row_and_pane(self, item, alice, mara):
        post(alice, "reviews:escalate", item.pk, reason=WHY)
        assert fresh(item).level == 1
        assert "level 1" in pane(alice, item)
        assert "Level 1" in text_of(page_of(alice, "reviews:inbox", tab="escalated"))

    def test_needs_a_reason(self, item, alice):
        assert post(alice, "reviews:escalate", item.pk, reason="").status_code == 422


class TestTake:
    def test_assigns_it_to_oneself(self, item, alice, bob):
        post(alice, "reviews:take", item.pk)
        assert fresh(item).assignee == alice
        assert "For you" in text_of(page_of(alice, "reviews:inbox", tab="assigned"))
        assert "For alice" in text_of(page_of(bob, "reviews:inbox"))
        assert item.title not in text_of(page_of(bob, "reviews:inbox", tab="assigned"))

    def test_of_what_a_colleague_took_first_says_so(self, item, alice, bob):
        post(alice, "reviews:take", item.pk)
        answer = post(bob, "reviews:take", item.pk)
        assert (answer.status_code, "alice was assigned this item meanwhile" in text_of(answer)) == (409, True)


class TestForms:
    ADDRESSES = ("snooze", "unsnooze", "extend", "escalate", "take", "ask_back", "withdraw", "answer_back", "renew")

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_are_for_nobody_who_may_not_see_it(self, item, charlie, address):
        assert post(charlie, f"reviews:{address}", item.pk).status_code == 404

    @pytest.mark.parametrize("address", set(ADDRESSES) - {"renew"})
    def test_change_nothing_for_an_auditor(self, item, otto, address):
        before = Intervention.objects.values().get(pk=item.pk)
        data = {"minutes": 15, "reason": WHY, "question": WHY, "answer": WHY, "of": "bob"}
        assert post(otto, f"reviews:{address}", item.pk, **data).status_code in (403, 422)
        assert Intervention.objects.values().get(pk=item.pk) == before

    @pytest.mark.parametrize("address", ADDRESSES)
    def test_are_sent_not_fetched(self, item, alice, address):
        assert page_of(alice, f"reviews:{address}", item.pk).status_code == 405

    def test_answer_htmx_with_the_pane(self, item, alice):
        browser = Client()
        browser.force_login(alice)
        where = reverse("reviews:snooze", args=[item.pk])
        answer = browser.post(where, {"minutes": 15}, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert answer.content.decode().lstrip().startswith("<article")

    def test_are_all_offered_to_somebody_called_in(self, item):
        dora = factories.user("dora")
        assignments.raise_level(item, 2, [dora], POLICY)
        page = pane(dora, item)
        assert all(
            reverse(f"reviews:{name}", args=[item.pk]) in page for name in ("snooze", "extend", "ask_back", "take")
        )


@pytest.mark.parametrize(
    ("minutes", "said"), [(15, "15 minutes"), (60, "1 hour"), (120, "2 hours"), (1440, "1 day"), (2880, "2 days")]
)
def test_spans_are_said_as_people_say_them(minutes, said):
    assert holds.span(minutes) == said


def test_the_end_of_a_claim_is_told_to_who_has_it_open_and_blames_nobody(item, alice):
    interventions.claim(item.pk, by=alice)
    Intervention.objects.filter(pk=item.pk).update(claim_expires_at=timezone.now())
    seq = fragments.newest()
    holding.expire_claims()

    told = text_of(fragments.since(alice, Filter(), seq).html)

    assert "The clock ended the claim on this" in told
    assert f'data-reopens="decision-{item.pk}"' in told and "data-closes" not in told
