"""What people do to review policies, and who has to be two."""

from dataclasses import replace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from reviews import access, audit
from reviews.actions import Conflict, Invalid, gates, review_policies, rulebook
from reviews.audit import Verified
from reviews.models import AuditEntry, Intervention, PolicyMark, ReviewPolicy
from reviews.policies import Case
from reviews.states import PolicyStatus, Ruling
from tests import factories
from tests.reviews.actions.conftest import book

ASK = {"tool": "pay", "ruling": "ask", "when": "amount > 200", "name": "Big"}
ALLOW = {"tool": "pay", "ruling": "allow"}


@pytest.fixture
def nina(queue):
    """A second manager."""
    return factories.user("nina", access.MANAGER)


def drafted(by, *rules, slug="payments", **more):
    return review_policies.draft(slug, by=by, body={"rules": list(rules or [ASK]), **more})


def in_force(by, second, *rules, **more):
    return review_policies.activate(drafted(by, *rules, **more).pk, by=second)


def ruled(amount, agent="refunds"):
    case = Case("pay", "Clerk", {"amount": amount})
    return rulebook.current().judge(case, agent=agent, author_asks=False)


class TestDraft:
    def test_begins_a_policy_that_judges_nothing_yet(self, mara):
        made = drafted(mara)

        assert (made.version, made.status, made.title, made.agent) == (1, "draft", "Payments", "*")
        assert (made.edited_by, made.source, made.digest == made.signature()) == (mara, "desk", True)
        assert ruled(500).ruling == Ruling.LET_THROUGH
        assert book() == ["policy.drafted"]

    def test_begins_the_next_version_with_what_is_in_force(self, mara, nina):
        in_force(mara, nina, ASK, title="Pay", position=7)

        made = review_policies.draft("payments", by=nina)

        assert (made.version, made.title, made.position) == (2, "Pay", 7)
        assert made.rules == [ASK]

    def test_keeps_rules_in_one_way_of_writing(self, mara):
        made = drafted(mara, {"when": "amount>200", "tool": "pay", "risk": "medium"})

        assert made.rules == [{"tool": "pay", "ruling": "ask", "when": "amount > 200"}]

    def test_is_one_at_a_time_and_says_whose(self, mara, nina):
        drafted(mara)

        with pytest.raises(Conflict, match="mara wrote it last"):
            drafted(nina)

    @pytest.mark.parametrize("person", ["alice", "otto", "charlie"])
    def test_is_for_managers_and_admins_only(self, request, person):
        with pytest.raises(PermissionDenied):
            drafted(request.getfixturevalue(person))

        assert not ReviewPolicy.objects.exists()

    @pytest.mark.parametrize(
        ("body", "place"),
        [
            ({"rules": [{"tool": "pay", "when": "to matches ["}]}, "rules.0.when"),
            ({"rules": [{"tool": "pay"}, {"tool": "pay", "queue": "nowhere"}]}, "rules.1.queue"),
            ({"rules": [{"tool": "pay", "groups": ["manager", "complaince"]}]}, "rules.0.groups"),
            ({"rules": [{"tool": "pay", "escalation": "nowhere"}]}, "rules.0.escalation"),
            ({"rules": [{"tool": "pay", "name": "\x00"}]}, "rules.0"),
            ({"rules": [{"tool": "*", "kind": "final_output", "ruling": "allow"}]}, "rules.0.ruling"),
            ({"rules": [{"tool": "pay", "kind": "final_output"}]}, "rules.0.tool"),
            (
                {"rules": [{"tool": "pay"}, {"tool": "*", "kind": "unknown_outcome", "ruling": "refuse"}]},
                "rules.1.ruling",
            ),
            ({"rules": "all"}, "rules"),
            ({"title": " "}, "title"),
            ({"title": "x" * 201}, "title"),
            ({"title": "\x00"}, "title"),
            ({"agent": 5}, "agent"),
            ({"position": -1}, "position"),
            ({"position": True}, "position"),
            ({"positoin": 1}, "positoin"),
            ({"slug": "Not A Slug"}, "slug"),
        ],
    )
    def test_refuses_what_it_cannot_keep_by_key(self, mara, body, place):
        with pytest.raises(Invalid) as refusal:
            review_policies.draft("payments", by=mara, body=body)

        assert list(refusal.value.errors) == [place]

    def test_says_what_a_rule_about_a_final_output_can_do(self, mara):
        with pytest.raises(
            Invalid, match="A final output is always put to a person. A rule may only say how: use “ask”"
        ):
            drafted(mara, {"tool": "*", "kind": "final_output", "ruling": "refuse"})
        assert drafted(mara, {"tool": "*", "kind": "final_output"}).rules[0]["kind"] == "final_output"

    @pytest.mark.parametrize("ruling", ["allow", "refuse"])
    @pytest.mark.parametrize("about", [{"tool": "*", "kind": "question"}, {"tool": "ask_human"}])
    def test_lets_no_rule_stand_between_an_agents_question_and_the_people(self, mara, about, ruling):
        with pytest.raises(Invalid, match="A question of an agent is always put to a person") as refusal:
            drafted(mara, ASK, about | {"ruling": ruling})
        assert list(refusal.value.errors) == ["rules.1.ruling"]
        assert drafted(mara, about | {"ruling": "ask"}).rules[0]["tool"] == about["tool"]

    def test_still_reads_what_was_kept_before_such_rules_were_refused(self, mara, nina):
        made = in_force(mara, nina, ASK)
        made.rules = [{"tool": "*", "kind": "final_output", "ruling": "allow"}, ASK]
        ReviewPolicy.objects.filter(pk=made.pk).update(rules=made.rules, digest=made.signature())
        review_policies.touch()
        assert ruled(100).ruling == Ruling.LET_THROUGH
        assert ruled(500).name == "Big"

    def test_refuses_rules_too_deep_to_read(self, mara):
        deep = rule = {}
        for _ in range(3000):
            rule["tool"] = {}
            rule = rule["tool"]

        with pytest.raises(Invalid, match="too deeply"):
            drafted(mara, deep)

    def test_may_name_a_queue_that_is_there(self, mara):
        assert drafted(mara, ASK | {"queue": "support"}).rules[0]["queue"] == "support"


class TestSave:
    def test_changes_the_draft_and_who_wrote_it_last(self, mara, nina):
        made = drafted(mara)

        saved = review_policies.save(made.pk, by=nina, body={"rules": [ALLOW], "note": "Easier."}, seen=made.digest)

        saved.refresh_from_db()
        assert (saved.rules, saved.note, saved.edited_by, saved.created_by) == ([ALLOW], "Easier.", nina, mara)
        assert saved.digest == saved.signature() != made.digest
        assert book() == ["policy.drafted", "policy.saved"]

    def test_of_what_a_colleague_has_changed_meanwhile_is_refused(self, mara, nina):
        made = drafted(mara)
        review_policies.save(made.pk, by=nina, body={"rules": [ALLOW]})

        with pytest.raises(Conflict, match="nina has changed payments version 1 since you read it"):
            review_policies.save(made.pk, by=mara, body={"title": "Mine"}, seen=made.digest)

    @pytest.mark.parametrize("status", ["shadow", "active", "retired"])
    def test_never_touches_a_version_that_is_no_draft(self, mara, nina, status):
        made = drafted(mara)
        verb = {"shadow": "start_shadow", "active": "activate", "retired": "discard"}[status]
        getattr(review_policies, verb)(made.pk, by=nina)

        with pytest.raises(Conflict, match=f"is {status} and no longer edited"):
            review_policies.save(made.pk, by=mara, body={"rules": [ALLOW]})

        assert ReviewPolicy.objects.get().rules == [ASK]

    def test_never_renames_a_policy(self, mara):
        with pytest.raises(Invalid, match="keeps its short name"):
            review_policies.save(drafted(mara).pk, by=mara, body={"slug": "other"})


class TestActivate:
    def test_puts_the_version_in_force_at_the_next_gate(self, mara, nina):
        row = in_force(mara, nina)

        said = ruled(500)
        assert (said.ruling, said.policy, said.policy_version, said.rule) == (Ruling.ASKED, "payments", 1, "Big")
        assert (row.activated_by, row.status) == (nina, "active")
        assert book() == ["policy.drafted", "policy.activated"]

    def test_needs_another_person_than_who_wrote_any_of_it(self, mara, nina, admin):
        made = drafted(mara, ALLOW)

        with pytest.raises(PermissionDenied, match="somebody else has to put it in force"):
            review_policies.activate(made.pk, by=mara)

        review_policies.save(made.pk, by=nina, body={"note": "A word more."})
        for writer in (mara, nina):
            with pytest.raises(PermissionDenied):
                review_policies.activate(made.pk, by=writer)
        assert review_policies.activate(made.pk, by=admin).status == PolicyStatus.ACTIVE

    def test_remembers_who_wrote_what_was_given_up_and_begun_anew(self, mara, nina, admin):
        review_policies.discard(drafted(mara, ALLOW).pk, by=nina)
        again = review_policies.draft("payments", by=nina)

        assert again.rules == [ALLOW]
        with pytest.raises(PermissionDenied):
            review_policies.activate(again.pk, by=mara)
        review_policies.activate(again.pk, by=admin)
        assert review_policies.activate(review_policies.draft("payments", by=nina).pk, by=mara).version == 3

    def test_is_no_way_around_by_the_shadow(self, mara):
        made = review_policies.start_shadow(drafted(mara).pk, by=mara)

        with pytest.raises(PermissionDenied):
            review_policies.activate(made.pk, by=mara)

    @pytest.mark.parametrize("person", ["alice", "otto", "charlie"])
    def test_is_for_managers_and_admins_only(self, request, mara, person):
        with pytest.raises(PermissionDenied):
            review_policies.activate(drafted(mara).pk, by=request.getfixturevalue(person))

    def test_may_be_done_by_an_admin(self, mara, admin):
        assert review_policies.activate(drafted(mara).pk, by=admin).activated_by == admin

    def test_retires_the_version_before_it(self, mara, nina):
        old = in_force(mara, nina)
        new = in_force(nina, mara, ALLOW)

        old.refresh_from_db()
        assert (old.status, new.version, ruled(500).ruling) == ("retired", 2, Ruling.LET_THROUGH)
        assert book()[-2:] == ["policy.retired", "policy.activated"]

    def test_of_another_text_than_was_read_is_refused(self, mara, nina):
        made = drafted(mara)
        review_policies.save(made.pk, by=mara, body={"rules": [ALLOW]})

        with pytest.raises(Conflict, match="has changed payments version 1 since you read it"):
            review_policies.activate(made.pk, by=nina, seen=made.digest)

    def test_a_second_time_says_who_was_faster(self, mara, nina, admin):
        row = in_force(mara, nina)

        with pytest.raises(Conflict, match="active already, by nina"):
            review_policies.activate(row.pk, by=admin)

    def test_of_what_was_altered_behind_the_desk_is_refused(self, mara, nina):
        made = drafted(mara)
        ReviewPolicy.objects.update(rules=[ALLOW])

        with pytest.raises(Conflict, match="not what was signed"):
            review_policies.activate(made.pk, by=nina)

    def test_leaves_open_questions_under_the_policy_they_were_asked_by(self, mara, nina):
        in_force(mara, nina, ASK | {"verdicts": ["approve", "reject"], "approvals": 2})
        run = factories.leased()
        gates.park(run, factories.state(), [replace(factories.proposal(), judgement=ruled(500))])
        before = Intervention.objects.get().policy

        in_force(nina, mara, ALLOW)

        after = Intervention.objects.get()
        assert after.policy == before
        assert (after.policy["policy_version"], after.policy["approvals"]) == (1, 2)
        assert after.verdicts == ("approve", "reject")


class TestRetire:
    def test_of_a_policy_in_force_takes_two(self, mara, nina):
        row = in_force(mara, nina)

        assert review_policies.retire(row.pk, by=mara).status == PolicyStatus.ACTIVE
        assert ruled(500).ruling == Ruling.ASKED
        with pytest.raises(Conflict, match="somebody else has to confirm"):
            review_policies.retire(row.pk, by=mara)

        assert review_policies.retire(row.pk, by=nina).status == PolicyStatus.RETIRED
        assert ruled(500).ruling == Ruling.LET_THROUGH
        assert book()[-2:] == ["policy.retirement_asked", "policy.retired"]

    def test_may_be_turned_down(self, mara, nina):
        row = in_force(mara, nina)
        review_policies.retire(row.pk, by=mara)

        review_policies.keep(row.pk, by=nina)

        with pytest.raises(Conflict, match="Nobody asks"):
            review_policies.keep(row.pk, by=nina)
        assert review_policies.retire(row.pk, by=nina).status == PolicyStatus.ACTIVE

    def test_of_a_trial_takes_one(self, mara):
        row = review_policies.start_shadow(drafted(mara).pk, by=mara)

        assert review_policies.retire(row.pk, by=mara).status == PolicyStatus.RETIRED

    def test_of_a_draft_is_no_word_for_it(self, mara):
        with pytest.raises(Conflict, match="nothing of it is in use"):
            review_policies.retire(drafted(mara).pk, by=mara)


class TestStartShadow:
    def test_replaces_the_trial_before_it_and_rules_over_nothing(self, mara, nina):
        first = review_policies.start_shadow(drafted(mara).pk, by=mara)
        second = review_policies.start_shadow(drafted(mara, ALLOW).pk, by=mara)

        first.refresh_from_db()
        assert (first.status, second.status) == ("retired", "shadow")
        assert ruled(500).ruling == Ruling.LET_THROUGH

    def test_is_for_drafts_only(self, mara, nina):
        with pytest.raises(Conflict, match="only a draft"):
            review_policies.start_shadow(in_force(mara, nina).pk, by=mara)


class TestDiscard:
    def test_gives_a_draft_up_and_never_uses_its_number_again(self, mara):
        row = review_policies.discard(drafted(mara).pk, by=mara)

        assert (row.status, drafted(mara).version) == ("retired", 2)
        assert book() == ["policy.drafted", "policy.discarded", "policy.drafted"]

    def test_is_for_drafts_only(self, mara, nina):
        with pytest.raises(Conflict, match="only a draft"):
            review_policies.discard(in_force(mara, nina).pk, by=mara)


class TestEveryVerb:
    @pytest.mark.parametrize("verb", ["start_shadow", "activate", "retire", "keep", "discard"])
    def test_says_the_same_of_what_is_not_there(self, mara, verb):
        with pytest.raises(PermissionDenied, match="There is no policy 77"):
            getattr(review_policies, verb)(77, by=mara)

    def test_is_signed_in_the_book_with_what_was_put_in_force(self, mara, nina):
        row = in_force(mara, nina)

        entry = AuditEntry.objects.order_by("-seq").first()
        assert (entry.actor, row.digest in entry.data, '"amount > 200"' in entry.data) == ("nina", True, True)
        assert isinstance(audit.verify(), Verified)


class TestHindrances:
    def test_tell_each_person_what_they_may_do_to_a_draft(self, mara, nina, alice):
        made = drafted(mara)

        assert review_policies.hindrances(made, mara)["activate"] == review_policies.OWN_DRAFT
        assert [verb for verb, why in review_policies.hindrances(made, nina).items() if not why] == [
            "save",
            "start_shadow",
            "activate",
            "discard",
        ]
        assert all(review_policies.hindrances(made, alice).values())

    def test_agree_with_the_verbs_about_a_wish_to_retire(self, mara, nina):
        row = in_force(mara, nina)
        row = review_policies.retire(row.pk, by=mara)

        assert review_policies.hindrances(row, mara)["retire"] == review_policies.OWN_WISH
        assert review_policies.hindrances(row, nina)["retire"] == ""
        assert review_policies.hindrances(row, nina)["keep"] == ""


class TestTheRulebook:
    def test_costs_one_statement_where_nothing_has_changed(self, mara, nina, django_assert_num_queries):
        in_force(mara, nina)
        rulebook.current()

        with django_assert_num_queries(1):
            assert ruled(500).ruling == Ruling.ASKED

    @pytest.mark.parametrize(
        "damage",
        [
            {"rules": [{"tool": "*", "ruling": "allow"}]},
            {"rules": "nonsense"},
            {"rules": 5},
            {"position": 999},
            {"digest": ""},
        ],
    )
    def test_asks_a_person_where_a_policy_was_damaged_and_says_so(self, mara, nina, caplog, damage):
        in_force(mara, nina, ALLOW)
        ReviewPolicy.objects.update(**damage)
        review_policies.touch()

        said = ruled(5)

        assert (said.ruling, said.policy) == (Ruling.ASKED, "payments")
        assert "cannot be used, so a person is asked" in said.why
        assert "payments version 1 cannot be used" in caplog.text

    def test_asks_where_signed_rules_cannot_be_read_by_this_release(self, mara, nina):
        row = in_force(mara, nina, ALLOW)
        row.rules = [{"tool": "pay", "ruling": "allow", "from_the_future": 1}]
        ReviewPolicy.objects.update(rules=row.rules, digest=row.signature())
        review_policies.touch()

        assert (ruled(5).ruling, "knows tool, ruling, when" in ruled(5).why) == (Ruling.ASKED, True)


class TestTheDatabase:
    @pytest.mark.parametrize("status", ["draft", "shadow", "active"])
    def test_holds_one_version_of_each_status(self, mara, status):
        row = drafted(mara)
        moments = {"shadowed_at": row.created_at, "activated_at": row.created_at}
        ReviewPolicy.objects.update(status=status, **moments)
        row.pk, row.version, row.status = None, 2, status
        row.shadowed_at = row.activated_at = row.created_at

        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)

    @pytest.mark.parametrize(
        "change", [{"status": "active"}, {"status": "shadow"}, {"status": "retired"}, {"status": "unheard"}]
    )
    def test_refuses_a_status_without_its_moment(self, mara, change):
        drafted(mara)

        with pytest.raises(IntegrityError), transaction.atomic():
            ReviewPolicy.objects.update(**change)

    def test_has_one_mark(self):
        with pytest.raises(IntegrityError), transaction.atomic():
            PolicyMark.objects.create(pk=2)
