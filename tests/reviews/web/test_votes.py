"""The vote of several on the desk: who may press what, what comes of it, and what nobody sees before their own vote."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from reviews.access import AUDITOR, REVIEWER
from reviews.actions import interventions
from reviews.models import Decision
from reviews.states import Kind
from tests import factories
from tests.reviews import desk_data
from tests.reviews.actions.votes import asked, bound, vote
from tests.reviews.desk_data import text_of
from tests.reviews.management.shell import call, told
from tests.reviews.web.visits import page_of

pytestmark = pytest.mark.django_db
LESS = {"customer_id": "C-88213", "amount": 100}
SECRETS = ("zebulon", "zq-note", "zq-reason", "zq-context")
SAID = {"note": "zq-note", "reason": "zq-reason", "context": "zq-context"}


@pytest.fixture
def zebulon(queue):
    """A reviewer whose name stands nowhere by chance."""
    person = factories.user("zebulon", REVIEWER)
    factories.seat(person, queue)
    return person


@pytest.fixture
def item(queue, alice):
    """A refund that two must approve, of a run that alice started."""
    return asked(on=factories.leased(factories.run(by=alice)), rules={"not_by": ["requester"]})


def pane(person, item):
    return text_of(page_of(person, "reviews:intervention", item.pk))


def buttons(page):
    return set(re.findall(r'name="verdict" value="(\w+)"', page))


def press(person, item, verdict, *, htmx=False, **typed):
    browser = Client(headers={"HX-Request": "true"} if htmx else None)
    browser.force_login(person)
    typed.setdefault("version", item.version)
    return browser.post(reverse("reviews:decide", args=[item.pk]), {"verdict": verdict, **typed})


class TestButtons:
    def test_are_there_for_who_may_vote(self, item, bob):
        page = pane(bob, item)
        assert buttons(page) == {"approve", "edit", "override", "reject"}
        assert "0 of 2 approvals" in page
        assert "2 people must agree, each without seeing the others&#x27; votes; one rejection rejects it." in page

    def test_are_hidden_from_the_requester_who_reads_why(self, item, alice):
        page = pane(alice, item)
        assert not buttons(page)
        assert "You started this run, and its rule wants somebody else to decide." in page
        assert reverse("reviews:claim", args=[item.pk]) not in page

    def test_are_gone_after_ones_own_vote_and_the_page_says_what_comes(self, item, bob):
        page = text_of(press(bob, item, "approve", htmx=True))
        assert not buttons(page)
        assert "Your vote is recorded." in page
        assert "1 of 2 approvals. It stays open until enough colleagues have voted" in page
        assert f'data-draft-done="{item.pk}"' in page

    def test_are_back_for_everybody_once_somebody_edits(self, item, bob, mara):
        vote(item, bob)
        vote(item, mara, "edit", replacement=LESS)
        assert "approve" in buttons(pane(bob, item))

    def test_need_no_vote_where_one_is_enough(self, queue, alice):
        page = pane(alice, factories.question())
        assert buttons(page)
        assert "Votes" not in page and 'id="progress"' not in page


class TestDecide:
    @pytest.mark.parametrize("htmx", [False, True])
    def test_of_the_requester_is_refused_with_the_sentence_and_keeps_the_text(self, item, alice, htmx):
        answer = press(alice, item, "approve", htmx=htmx, note="Please.")

        page = text_of(answer)
        assert (answer.status_code, answer.headers["X-Shows"]) == (403, "review")
        assert "You started this run, and its rule wants somebody else to decide." in page
        assert "Please." in page and "Your decision was not recorded." in page
        assert not Decision.objects.exists()

    def test_a_second_time_is_a_conflict(self, item, bob):
        press(bob, item, "approve")
        answer = press(bob, item, "approve", note="Again.")
        assert answer.status_code == 409
        assert "You have voted on this already" in text_of(answer) and "Again." in text_of(answer)

    def test_on_what_an_edit_has_replaced_is_a_conflict_and_keeps_the_text(self, item, bob, mara):
        vote(item, mara, "edit", replacement=LESS)
        answer = press(bob, item, "approve", version=1, note="As it is.")
        assert answer.status_code == 409
        assert "has changed since you opened it" in text_of(answer) and "As it is." in text_of(answer)

    def test_of_the_last_needed_settles_it_and_names_everybody(self, item, bob, mara):
        vote(item, mara, note="First.")
        press(bob, item, "approve", version=2, note="Second.")
        page = pane(bob, item)
        assert "Approved by mara and bob" in page
        assert "First." in page and "Second." in page


class TestMotion:
    def test_shows_what_is_under_vote_and_edits_start_from_it(self, item, bob, mara):
        vote(item, mara, "edit", replacement=LESS)
        page = pane(bob, item)
        assert "An edit is under vote" in page and "Approve the edit" in page
        assert re.search(r'<input[^>]*value="100"', page)
        assert "mara" not in page.split('id="votes"')[1].split("</section>")[0]

    def test_says_to_its_author_that_it_is_theirs(self, item, mara):
        vote(item, mara, "override", replacement="Paid by hand.")
        page = pane(mara, item)
        assert "Your output is under vote, in place of the call" in page and "Paid by hand." in page

    def test_of_a_question_is_an_answer_to_agree_with(self, queue, alice, bob):
        question = asked(kind=Kind.QUESTION, tool="ask_human", arguments={"question": "Which?"})
        vote(question, alice, "answer", replacement="The left one.")
        page = pane(bob, question)
        assert buttons(page) == {"approve", "answer", "reject"}
        assert "An answer is under vote" in page and "The left one." in page
        press(bob, question, "approve", version=2)
        question.refresh_from_db()
        assert question.outcome == "answered"
        assert page_of(alice, "reviews:try", question.pk).status_code == 200

    def test_of_the_agents_own_proposal_says_so(self, item, bob, mara):
        vote(item, mara, "edit", replacement=LESS)
        vote(item, bob, "edit", replacement=factories.ARGUMENTS)
        assert "The agent&#x27;s own proposal is under vote again" in pane(mara, item)

    def test_voids_are_marked_for_who_may_see_them(self, item, bob, mara):
        vote(item, bob)
        vote(item, mara, "edit", replacement=LESS)
        assert "voided: mara put something else to the vote" in pane(mara, item)
        assert "voided: a reviewer put something else to the vote" in pane(bob, item)


class TestBlind:
    """Before one's own vote, and before it is settled, one learns that somebody voted and no more."""

    @pytest.fixture(params=["approve", "edit", "override"])
    def voted(self, item, zebulon, request):
        interventions.claim(item.pk, by=zebulon)
        more = {"edit": {"replacement": LESS}, "override": {"replacement": "By hand."}}.get(request.param, {})
        vote(item, zebulon, request.param, **SAID, **more)
        return item

    def pages(self, person, item):
        since = {"since": 0}
        yield pane(person, item)
        yield text_of(page_of(person, "reviews:inbox"))
        yield text_of(page_of(person, "reviews:inbox_delta", **since))
        yield text_of(page_of(person, "reviews:run", item.run_id))
        yield text_of(page_of(person, "reviews:run_delta", item.run_id, **since))
        yield text_of(page_of(person, "reviews:runs"))

    def commands(self, name, item):
        for arguments in (["show", str(item.pk)], ["show", str(item.run_id)], ["inbox"]):
            yield call(*arguments, "--as", name)
            yield str(told(*arguments, "--as", name))

    @pytest.mark.parametrize("who", ["bob", "alice"])
    def test_shows_nobody_who_or_what_on_any_page_or_command(self, voted, who, request):
        person = request.getfixturevalue(who)
        for shown in [*self.pages(person, voted), *self.commands(who, voted)]:
            assert [secret for secret in SECRETS if secret in shown] == []

    def test_shows_that_somebody_voted(self, voted, bob):
        page, _, delta, run, *_ = self.pages(bob, voted)
        assert "1 of 2 approvals" in page and "Somebody has voted." in page
        assert "1 of 2 approvals" in delta and "A colleague voted on this" in delta
        assert "A reviewer voted on issue_refund" in run and "A reviewer claimed the question" in run
        assert "1 of 2" in call("show", str(voted.pk), "--as", "bob")

    def test_ends_with_ones_own_vote(self, item, zebulon, bob, mara):
        bound(item, approvals=3)
        vote(item, zebulon, **SAID)
        vote(item, bob)
        page = pane(bob, item)
        assert all(secret in page for secret in SECRETS)
        assert "zq-note" in text_of(page_of(bob, "reviews:run", item.run_id))
        assert "zq-note" in call("show", str(item.pk), "--as", "bob")
        assert "zq-note" not in pane(mara, item)

    def test_begins_anew_with_an_edit(self, item, zebulon, bob, mara):
        bound(item, approvals=3)
        vote(item, bob, note="bobs-note")
        vote(item, zebulon, "edit", replacement=LESS, **SAID)
        page = pane(bob, item)
        assert "bobs-note" in page
        assert [secret for secret in SECRETS if secret in page] == []

    def test_ends_for_everybody_when_it_is_settled(self, item, zebulon, bob, alice):
        vote(item, zebulon, **SAID)
        vote(item, bob)
        assert all(secret in pane(alice, item) for secret in SECRETS)

    @pytest.mark.parametrize("who", ["otto", "admin"])
    def test_is_not_for_auditors_and_admins_who_cannot_decide(self, voted, who, request):
        person = request.getfixturevalue(who)
        assert "zq-note" in pane(person, voted)
        assert "zebulon" in text_of(page_of(person, "reviews:run", voted.run_id))
        assert "zq-reason" in text_of(page_of(person, "reviews:audit_log"))

    def test_is_for_an_auditor_with_a_seat(self, voted, queue):
        both = factories.user("both", AUDITOR)
        factories.seat(both, queue)
        assert "zq-note" not in pane(both, voted)

    def test_is_for_an_administrator_with_a_seat_in_the_admin_too(self, item, zebulon, admin, queue):
        vote(item, zebulon, **SAID)
        browser = Client()
        browser.force_login(admin)
        address, events = reverse("admin:reviews_decision_changelist"), reverse("admin:reviews_event_changelist")
        entries = reverse("admin:reviews_auditentry_changelist")
        assert "intervention.voted" in text_of(browser.get(entries))
        assert "zebulon" in text_of(browser.get(address)) and "intervention.voted" in text_of(browser.get(events))
        factories.seat(admin, queue)
        assert "zebulon" not in text_of(browser.get(address))
        assert "intervention.voted" not in text_of(browser.get(events))
        assert "intervention.voted" not in text_of(browser.get(entries))
        vote(item, admin)
        assert "intervention.voted" in text_of(browser.get(entries))

    def test_hides_of_a_majority_vote_whether_it_was_for_or_against(self, item, zebulon, bob):
        bound(item, rejecting="majority")
        vote(item, zebulon, "reject", **SAID)
        against = pane(bob, item)
        assert "1 vote, 2 alike decide" in against
        assert told("show", str(item.pk), "--as", "bob")["approvals"] == {"needed": 2, "given": 1}


class TestCommands:
    def test_say_that_a_vote_is_recorded(self, item, bob, mara):
        assert "Vote recorded, 1 of 2: Refund 4820" in call("decide", str(item.pk), "approve", "--as", "bob")
        assert "Decided: Refund 4820" in call("decide", str(item.pk), "approve", "--as", "mara")

    def test_show_what_is_under_vote(self, item, mara):
        vote(item, mara, "edit", replacement=LESS)
        assert "Put to the vote instead: edit" in call("show", str(item.pk), "--as", "alice")
        assert told("show", str(item.pk), "--as", "alice")["under_vote"] == {"verdict": "edit", "replacement": LESS}

    def test_list_how_far_a_vote_has_come(self, item, bob, mara):
        vote(item, bob)
        assert "(1 of 2 approvals)" in call("inbox", "--as", "mara")


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"verdict": "approve"}, "bob voted to run issue_refund again"),
        ({"verdict": "override", "replacement": "Receipt RF-1"}, "bob voted that issue_refund happened"),
        ({"verdict": "reject"}, "bob voted to end the run because of issue_refund"),
    ],
)
def test_the_timeline_says_what_was_voted_for_where_nobody_knows_the_outcome(queue, bob, mara, said, line):
    unknown = bound(desk_data.unknown(), approvals=2, rejecting="majority")
    vote(unknown, bob, **said)
    assert line in text_of(page_of(bob, "reviews:run", unknown.run_id))


def test_the_timeline_marks_a_voided_vote(item, bob, mara):
    vote(item, bob)
    vote(item, mara, "edit", replacement=LESS)
    vote(item, bob)
    page = text_of(page_of(bob, "reviews:run", item.run_id))
    assert "Voided: something else was put to the vote since." in page
    assert "bob voted, and thereby approved issue_refund" in page
    assert "put something else to the vote; earlier votes count no more" in page and "The vote was settled" in page
