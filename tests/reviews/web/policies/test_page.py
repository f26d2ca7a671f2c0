"""The list of policies, one version, and the steps of its life through the pages."""

import pytest

from reviews.actions import backtest, interventions, policy_defaults, review_policies, shadows, tested
from reviews.actions.rulebook import Shadow
from reviews.models import AuditEntry, Intervention, ReviewPolicy, Run, ToolCall
from reviews.policies import Judgement, Rule
from reviews.states import Ruling
from tests import factories
from tests.reviews import desk_data
from tests.reviews.actions.test_backtest import OVER_1000, recorded
from tests.reviews.desk_data import text_of
from tests.reviews.web.policies.conftest import ASK
from tests.reviews.web.visits import page_of, post, statements

pytestmark = pytest.mark.django_db
ONE = ("payments", 1)


def act(person, name, row):
    known = tested.of(row).mark
    return post(person, "reviews:act_on_policy", row.slug, row.version, act=name, seen=row.digest, known=known)


def status_of(row):
    row.refresh_from_db()
    return row.status


class TestDoors:
    @pytest.mark.parametrize(
        ("name", "where"),
        [("policies", ()), ("policy", ONE), ("back_test", ONE), ("new_policy", ()), ("edit_policy", ONE)],
    )
    def test_are_open_to_managers_and_admins_and_hide_all_from_others(
        self, name, where, draft, alice, charlie, mara, admin
    ):
        statuses = [page_of(person, f"reviews:{name}", *where).status_code for person in (alice, charlie, mara, admin)]
        assert statuses == [404, 404, 200, 200]

    def test_let_auditors_read_and_change_nothing(self, draft, otto):
        assert page_of(otto, "reviews:policies").status_code == 200
        page = text_of(page_of(otto, "reviews:policy", *ONE))
        assert "Only managers and admins change policies." in page and "Edit the draft" not in page
        assert page_of(otto, "reviews:edit_policy", *ONE).status_code == 404
        assert act(otto, "activate", draft).status_code == 404
        assert status_of(draft) == "draft"

    @pytest.mark.parametrize(("person", "told"), [("mara", True), ("admin", True), ("otto", True), ("alice", False)])
    def test_are_named_in_the_frame_only_to_who_may_enter(self, person, told, request):
        page = text_of(page_of(request.getfixturevalue(person), "reviews:runs"))
        assert ('href="/policies/"' in page) is told

    @pytest.mark.parametrize("where", [("payments", 7), ("payments", 10**20), ("nothing", 1), ("a\x00b", 1)])
    def test_lead_nowhere_where_there_is_no_such_version(self, draft, mara, where):
        assert page_of(mara, "reviews:policy", *where).status_code == 404


class TestList:
    def test_shows_versions_their_status_and_who_wrote_and_activated_them(self, in_force, nina, mara):
        review_policies.draft("payments", by=nina)
        page = text_of(page_of(mara, "reviews:policies", policy="payments"))
        assert page.index("Draft</span>") < page.index("Active</span>")
        assert "mara" in page and "nina" in page and "nobody yet" in page

    def test_leaves_retired_versions_to_the_other_tab(self, draft, mara):
        review_policies.discard(draft.pk, by=mara)
        assert "/policies/payments/1/" not in text_of(page_of(mara, "reviews:policies"))
        assert "/policies/payments/1/" in text_of(page_of(mara, "reviews:policies", show="all"))

    def test_has_the_starter_set_and_what_agents_say_once_a_worker_has_met_them(self, mara):
        factories.card("clerk", review=[ASK])
        policy_defaults.meet_all()
        page = text_of(page_of(mara, "reviews:policies"))
        assert "Payments and deletions" in page and "house-messages" in page and ">Clerk<" in page

    @pytest.mark.parametrize("person", ["otto", "mara"])
    def test_puts_nothing_in_force_by_being_looked_at(self, person, request):
        page_of(request.getfixturevalue(person), "reviews:policies")
        few = statements(lambda: page_of(request.getfixturevalue(person), "reviews:policies"))
        for number in range(5):
            factories.card(f"clerk-{number}", review=[{"tool": "pay", "ruling": "allow"}])
        assert statements(lambda: page_of(request.getfixturevalue(person), "reviews:policies")) == few
        assert not ReviewPolicy.objects.exists() and not AuditEntry.objects.filter(action="policy.activated").exists()

    def test_tells_what_a_trial_would_have_changed(self, draft, mara):
        review_policies.start_shadow(draft.pk, by=mara)
        desk_data.refund()
        call = ToolCall.objects.get()
        for ruling in shadows.rulings(call, [Shadow(draft.pk, Judgement(Ruling.REFUSED, "why"))]):
            ruling.make()
        assert "asked about 0, let 0 through and refused 1" in text_of(page_of(mara, "reviews:policies"))
        assert "asked about 0, let 0 through and refused 1" in text_of(page_of(mara, "reviews:policy", *ONE))

    def test_goes_on_page_by_page_with_as_many_statements(self, mara):
        page_of(mara, "reviews:policies")
        few = statements(lambda: page_of(mara, "reviews:policies"))
        for number in range(45):
            review_policies.draft(f"house-{number:02}", by=mara)
        assert statements(lambda: page_of(mara, "reviews:policies")) <= few
        first = page_of(mara, "reviews:policies").context["page"]
        second = page_of(mara, "reviews:policies", after=first.after).context["page"]
        slugs = [row.slug for row in (*first.rows, *second.rows)]
        assert len(slugs) == len(set(slugs)) == 45 and slugs == sorted(slugs)


class TestNew:
    def test_begins_a_draft_and_leads_to_its_editor(self, mara):
        answer = post(mara, "reviews:new_policy", slug="refunds-eu", title="Refunds", agent="refunds*")
        assert answer.url == "/policies/refunds-eu/1/edit/"
        assert (ReviewPolicy.objects.get().agent, ReviewPolicy.objects.get().title) == ("refunds*", "Refunds")

    @pytest.mark.parametrize(
        ("said", "told"),
        [({"slug": "No spaces"}, "lowercase letters"), ({"slug": "payments"}, "is a draft already"), ({}, "required")],
    )
    def test_says_what_is_wrong_and_keeps_what_was_typed(self, draft, mara, said, told):
        answer = post(mara, "reviews:new_policy", title="My title", agent="*", **said)
        assert answer.status_code == 422
        assert told in text_of(answer) and "My title" in text_of(answer)


class TestPage:
    def test_reads_rules_as_sentences(self, draft, mara):
        page = text_of(page_of(mara, "reviews:policy", *ONE))
        assert "<strong>Asks</strong> when <code>amount &gt; 200</code>" in page and "calls of pay" in page

    def test_says_what_differs_from_the_version_in_force(self, in_force, nina, mara):
        made = review_policies.draft("payments", by=nina, body={"position": 7, "rules": [{**ASK, "risk": "high"}]})
        page = text_of(page_of(mara, "reviews:policy", "payments", made.version))
        assert "What differs from version 1" in page
        assert "<del>500</del>" in page and "<ins>7</ins>" in page and "<mark>high</mark>" in page

    def test_compares_with_any_other_version(self, in_force, nina, mara):
        review_policies.draft("payments", by=nina, body={"title": "Other"})
        assert "What differs from version 2" in text_of(page_of(mara, "reviews:policy", *ONE, against="2"))
        assert "What differs" not in text_of(page_of(mara, "reviews:policy", *ONE, against="1"))

    def test_says_who_is_asked_before_it(self, in_force, mara, nina):
        review_policies.draft("refunds", by=mara, body={"rules": [ASK], "position": 501})
        for name in ("policy", "edit_policy"):
            page = text_of(page_of(mara, f"reviews:{name}", "refunds", 1))
            assert "payments version 1 is asked first about pay, at position 500." in page
        review_policies.save(ReviewPolicy.objects.get(slug="refunds").pk, by=mara, body={"position": 500})
        page = text_of(page_of(mara, "reviews:policy", "refunds", 1))
        assert "has the same position, 500; payments is asked first about pay, by its name." in page
        review_policies.save(ReviewPolicy.objects.get(slug="refunds").pk, by=mara, body={"position": 499})
        assert 'id="asked-first"' not in text_of(page_of(mara, "reviews:policy", "refunds", 1))

    def test_says_that_a_trial_has_judged_nothing_yet(self, draft, mara):
        review_policies.start_shadow(draft.pk, by=mara)
        for page in (page_of(mara, "reviews:policies"), page_of(mara, "reviews:policy", *ONE)):
            assert "In shadow it has judged no call yet" in text_of(page)

    def test_warns_that_too_few_could_decide(self, draft, mara, nina):
        assert 'id="too-few"' not in text_of(page_of(nina, "reviews:policy", *ONE))
        review_policies.save(draft.pk, by=mara, body={"rules": [{**ASK, "approvals": 2}]})
        assert "needs 2 to approve, and 1 person has a seat" in text_of(page_of(nina, "reviews:policy", *ONE))

    def test_compares_a_draft_with_what_is_in_force_however_old_that_is(self, in_force, mara, nina):
        for _ in range(22):
            review_policies.discard(review_policies.draft("payments", by=mara).pk, by=mara)
        review_policies.draft("payments", by=mara, body={"title": "Newest"})
        page = page_of(nina, "reviews:policy", "payments", 24)
        assert page.context["base"] == in_force and "What differs from version 1" in text_of(page)

    def test_compares_an_older_draft_with_what_an_agents_code_put_in_force(self, draft, nina):
        policy_defaults.meet("payments", "Payments", [Rule.from_dict({"tool": "pay"})])
        page = page_of(nina, "reviews:policy", *ONE)
        assert page.context["base"].version == 2 and "What differs from version 2" in text_of(page)

    def test_lists_the_newest_calls_that_its_trial_would_have_changed(self, draft, mara, admin):
        review_policies.start_shadow(draft.pk, by=mara)
        desk_data.refund()
        call = ToolCall.objects.get()
        would = Judgement(Ruling.REFUSED, "why", rule="Never", seen="amount is 480")
        for ruling in shadows.rulings(call, [Shadow(draft.pk, would)]):
            ruling.make()
        page = text_of(page_of(mara, "reviews:policy", *ONE))
        assert (
            "it would be: Refused by policy (“Never”)" in page
            and f"/runs/{call.run_id}/" in page
            and "amount is 480" in page
        )

    def test_lists_no_call_of_a_run_that_may_not_be_read(self, draft, mara):
        review_policies.start_shadow(draft.pk, by=mara)
        question, legal = factories.question(), factories.queue("legal")
        Intervention.objects.update(queue=legal)
        Run.objects.update(queue=legal)
        for ruling in shadows.rulings(
            question.tool_call, [Shadow(draft.pk, Judgement(Ruling.REFUSED, "why", rule="Never"))]
        ):
            ruling.make()
        assert "it would be" not in text_of(page_of(mara, "reviews:policy", *ONE))

    def test_says_that_a_version_was_altered(self, in_force, mara):
        ReviewPolicy.objects.update(rules=[])
        assert "This is not what was signed" in text_of(page_of(mara, "reviews:policy", *ONE))

    def test_shows_a_rule_that_cannot_be_read_and_why(self, in_force, mara):
        ReviewPolicy.objects.update(rules=[{"tool": "pay", "when": "amount ?? 3"}, 7])
        page = text_of(page_of(mara, "reviews:policy", *ONE))
        assert "Cannot read the condition" in page and "A rule is a dict" in page

    def test_costs_the_same_however_much_there_is(self, in_force, mara, nina):
        def made(number):
            return review_policies.activate(
                review_policies.draft("payments", by=mara, body={"rules": [ASK] * number}).pk, by=nina
            )

        second = made(2)
        few = statements(lambda: page_of(mara, "reviews:policy", "payments", second.version))
        newest = [made(number) for number in range(3, 30)][-1]
        assert statements(lambda: page_of(mara, "reviews:policy", "payments", newest.version)) == few


class TestLife:
    def test_of_a_version_needs_two_people_and_the_page_says_who(self, draft, mara, nina):
        page = text_of(page_of(mara, "reviews:policy", *ONE))
        assert "other than mara has to put it in force" in page and "You wrote some of this version" in page
        assert 'value="activate"' not in page
        refused = act(mara, "activate", draft)
        assert refused.status_code == 409 and "You wrote some of this version" in text_of(refused)
        assert status_of(draft) == "draft"

        assert 'value="activate"' in text_of(page_of(nina, "reviews:policy", *ONE))
        assert act(nina, "activate", draft).status_code == 302
        assert (status_of(draft), draft.activated_by) == ("active", nina)

    def test_puts_nothing_in_force_that_was_changed_after_it_was_read(self, draft, mara, nina):
        review_policies.save(draft.pk, by=mara, body={"rules": []})
        refused = act(nina, "activate", draft)
        assert refused.status_code == 409 and "mara has changed payments version 1" in text_of(refused)
        assert status_of(draft) == "draft"

    def test_puts_nothing_in_force_where_the_form_does_not_say_what_was_read(self, draft, nina):
        assert post(nina, "reviews:act_on_policy", *ONE, act="activate").status_code == 409
        assert status_of(draft) == "draft"

    def test_needs_a_tick_where_no_back_test_was_run(self, draft, mara, nina):
        page = text_of(page_of(nina, "reviews:policy", *ONE))
        assert "<b>None was run</b>" in page and "/policies/payments/1/back-test/" in page
        assert 'type="checkbox" name="known" value="none" required' in page
        refused = post(nina, "reviews:act_on_policy", *ONE, act="activate", seen=draft.digest)
        assert refused.status_code == 409 and "First tick that you know that no back-test" in text_of(refused)
        assert status_of(draft) == "draft"
        assert act(nina, "activate", draft).status_code == 302

    def test_shows_what_the_back_test_found_and_names_what_would_pass(self, mara, nina, alice):
        draft = review_policies.draft("payments", by=mara, body={"rules": OVER_1000})
        run = recorded(777, 300)
        interventions.decide(run.interventions.get(proposal__amount=777).pk, by=alice, verdict="reject", note="No.")
        backtest.run(draft.pk, by=mara)
        page = text_of(page_of(mara, "reviews:policy", *ONE))
        told = page[page.index('id="would-pass"') : page.index("Run by mara")]
        assert "1 call would pass though a person had rejected it" in told
        assert f"/runs/{run.pk}/" in told and "777" in told and "300" not in told
        assert "A person was asked </dt> <dd> 2 </dd>" in told.replace("</dt>", " </dt>")
        hidden = text_of(page_of(nina, "reviews:policy", *ONE))  # who may not read that run
        assert "1 call would pass" in hidden and "777" not in hidden and str(run.pk) not in hidden
        assert 'type="checkbox" name="known"' in hidden

    def test_needs_no_tick_where_nothing_rejected_would_pass(self, draft, mara, nina):
        recorded(300)
        backtest.run(draft.pk, by=mara)
        page = text_of(page_of(nina, "reviews:policy", *ONE))
        assert 'type="hidden" name="known"' in page and 'type="checkbox" name="known"' not in page
        assert act(nina, "activate", draft).status_code == 302
        assert 'id="tested"' not in text_of(page_of(nina, "reviews:policy", *ONE))

    def test_goes_through_shadow_and_ends_by_two(self, draft, mara, nina):
        act(mara, "start_shadow", draft)
        assert status_of(draft) == "shadow"
        act(nina, "activate", draft)
        act(mara, "retire", draft)
        assert status_of(draft) == "active"
        page = text_of(page_of(mara, "reviews:policy", *ONE))
        assert "mara asks to retire it" in page and "somebody else has to confirm it" in page
        assert act(mara, "retire", draft).status_code == 409
        act(nina, "retire", draft)
        assert status_of(draft) == "retired"

    def test_keeps_what_somebody_wants_retired(self, in_force, mara, nina):
        act(mara, "retire", in_force)
        act(nina, "keep", in_force)
        in_force.refresh_from_db()
        assert (in_force.status, in_force.retiring_by) == ("active", None)

    def test_discards_a_draft(self, draft, mara):
        assert act(mara, "discard", draft).status_code == 302
        assert status_of(draft) == "retired"

    def test_knows_no_other_steps(self, draft, mara):
        assert act(mara, "delete", draft).status_code == 404

    def test_begins_the_next_version_once(self, in_force, mara, nina):
        assert post(mara, "reviews:begin_policy", *ONE).url == "/policies/payments/2/edit/"
        refused = post(nina, "reviews:begin_policy", *ONE)
        assert refused.status_code == 409 and "mara wrote it last" in text_of(refused)
        assert "See the draft, version 2" in text_of(page_of(nina, "reviews:policy", *ONE))
