"""What managers do to policies and addresses while agents come to their gates."""

from functools import partial

import pytest

from reviews.actions import endpoints, gates, policy_defaults, review_policies
from reviews.actions.rulebook import Shadow
from reviews.models import Notice, ShadowRuling
from reviews.policies import Judgement, Rule
from reviews.states import NoticeChannel, NoticeKind, Ruling
from tests import factories
from tests.races.conftest import race

RULES = [{"tool": "pay", "when": "amount > 200"}]
WORKERS, GATES = 4, 10
ACTS = 20


def raised(act, times):
    """What went wrong in so many goes."""
    errors = []
    for turn in range(times):
        try:
            act(turn)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    return errors


def beside_gates(act, park):
    """Managers act while workers park; returns all that went wrong."""
    runs = [[factories.leased() for _ in range(GATES)] for _ in range(WORKERS)]
    workers = [partial(raised, lambda turn, mine=mine: park(mine[turn]), GATES) for mine in runs]
    return [error for errors in race(partial(raised, act, ACTS), *workers) for error in errors]


class TestAPolicyOnTrial:
    @pytest.fixture
    def trial(self, mara):
        made = review_policies.draft("payments", by=mara, body={"rules": RULES})
        return review_policies.start_shadow(made.pk, by=mara)

    @pytest.fixture
    def park(self, queue, trial):
        shadow = Shadow(trial.pk, Judgement(Ruling.ASKED, "x", rule="r"))

        def park(run):
            gates.park(run, factories.state(), [factories.proposal(ruling=Ruling.LET_THROUGH, shadows=(shadow,))])

        return park

    def test_is_written_on_while_gates_tell_what_it_would_have_said(self, trial, park, mara):
        draft = review_policies.draft("payments", by=mara)

        assert beside_gates(lambda n: review_policies.save(draft.pk, by=mara, body={"note": f"{n}"}), park) == []
        assert ShadowRuling.objects.filter(policy=trial).count() == WORKERS * GATES

    def test_is_met_again_by_starting_workers_while_gates_tell_of_it(self, trial, park):
        def meet(turn):
            policy_defaults.meet("payments", "Payments", [Rule.from_dict({"tool": f"pay{turn}"})])

        assert beside_gates(meet, park) == []


class TestAnAddress:
    @pytest.fixture
    def add(self, queue, mara, settings):
        settings.FOUREYES_SEAL_KEYS = [b"k" * 32]

        def add(name):
            about = {"channel": NoticeChannel.WEBHOOK, "url": "https://h.example/x", "host": "h.example"}
            return endpoints.add(by=mara, queue=queue, name=name, kinds=[NoticeKind.OPENED], **about)[0]

        return add

    def test_is_changed_while_gates_owe_it_messages(self, add, mara):
        made = add("ops")
        kept = {"kinds": [NoticeKind.OPENED], "is_active": True}

        assert beside_gates(lambda _: endpoints.change(made.pk, by=mara, **kept), factories.question) == []
        assert Notice.objects.filter(endpoint=made).count() == WORKERS * GATES

    def test_is_removed_while_gates_owe_it_messages(self, add, mara):
        add("stays")  # so that gates ask who listens, whoever has gone

        assert beside_gates(lambda turn: endpoints.remove(add(f"ops{turn}").pk, by=mara), factories.question) == []
        assert Notice.objects.filter(endpoint__name="stays").count() == WORKERS * GATES
