"""Reading an escalation policy, and what is said about one that cannot be used."""

import pytest

from reviews.escalations import DEFAULTS, BadEscalation, Final, Step, duration, read
from reviews.states import Risk

HOUR = 3600


def body(**changes):
    said = {
        "clock": "wall",
        "respond_within": "4h",
        "expires_after": "2 days",
        "steps": [{"at": "50%", "do": "remind"}, {"at": "4h", "do": "escalate", "level": 2}],
        "final": {"do": "reject", "message": "Ask again tomorrow."},
    }
    return {key: value for key, value in (said | changes).items() if value is not ...}


def errors(**changes):
    with pytest.raises(BadEscalation) as refused:
        read(body(**changes))
    return refused.value.errors


class TestRead:
    def test_understands_times_as_people_write_them(self):
        found = read(body())

        assert (found.respond_within, found.expires_after) == (4 * HOUR, 48 * HOUR)
        assert found.final == Final("reject", "Ask again tomorrow.")
        assert found.steps == (
            Step("remind", percent=50, to=("holder",)),
            Step("escalate", 4 * HOUR, None, to=("managers",), level=2),
        )

    def test_reads_back_what_it_writes(self):
        found = read(body(repeat=2, repeat_from=2, clock="business", calendar="berlin", claim_pauses=True))

        assert read(found.snapshot()) == found

    @pytest.mark.parametrize("risk", list(Risk))
    def test_reads_back_the_default_of_each_risk(self, risk):
        assert read(DEFAULTS[risk].snapshot()) == DEFAULTS[risk]

    @pytest.mark.parametrize(
        ("changes", "key", "said"),
        [
            ({"clock": "sundial"}, "clock", "wall or business"),
            ({"clock": ...}, "clock", "needed"),
            ({"respond_within": ...}, "respond_within", "needed"),
            ({"respond_within": "soon"}, "respond_within", "30 min"),
            ({"respond_within": 0}, "respond_within", "30 min"),
            ({"respond_within": True}, "respond_within", "30 min"),
            ({"respond_within": "91 days", "expires_after": "200 days"}, "respond_within", "90 days"),
            ({"expires_after": "2000 days"}, "expires_after", "a year"),
            ({"expires_after": None}, "expires_after", "keep_waiting"),
            ({"respond_within": "3 days"}, "respond_within", "after the time is over"),
            ({"final": ...}, "final", "needed"),
            ({"final": "reject"}, "final", "whose 'do'"),
            ({"final": {"do": "shrug"}}, "final", "whose 'do'"),
            ({"final": {"do": "fail_run", "message": "x"}}, "final", "takes no message"),
            ({"final": {"do": "continue_with_default"}}, "final", "needs the value"),
            ({"final": {"do": "reject", "message": "x" * 2001}}, "final", "2,000"),
            ({"repeat": 6}, "repeat", "0 to 5"),
            ({"repeat": 5, "expires_after": "12h"}, "repeat", "past the end"),
            ({"repeat": 1, "steps": []}, "repeat", "one moment"),
            ({"repeat_from": 3}, "repeat_from", "no such step"),
            ({"claim_pauses": "yes"}, "claim_pauses", "true or false"),
            ({"owner": "mara"}, "owner", "not known"),
            ({"steps": "remind"}, "steps", "a list"),
            ({"steps": [{"do": "remind", "at": 60}] * 21}, "steps", "at most 20"),
            ({"steps": [{"at": 60, "do": "shout"}]}, "steps.1.do", "one of remind"),
            ({"steps": ["remind"]}, "steps.1.do", "one of remind"),
            ({"steps": [{"do": "remind"}]}, "steps.1.at", "30 min"),
            ({"steps": [{"do": "remind", "at": "0%"}]}, "steps.1.at", "percentage"),
            ({"steps": [{"do": "remind", "at": "half%"}]}, "steps.1.at", "percentage"),
            ({"steps": [{"do": "remind", "at": "2 days"}]}, "steps.1.at", "when the time is over"),
            ({"steps": [{"do": "remind", "at": 60}, {"do": "remind", "at": 30}]}, "steps.2.at", "order of time"),
            ({"steps": [{"do": "remind", "at": 60, "only_if": "bored"}]}, "steps.1.only_if", "unclaimed"),
            ({"steps": [{"do": "remind", "at": 60, "loud": True}]}, "steps.1", "knows no loud"),
            ({"steps": [{"do": "remind", "at": 60, "level": 2}]}, "steps.1.level", "Only escalate"),
            ({"steps": [{"do": "notify", "at": 60}]}, "steps.1.to", "to whom"),
            ({"steps": [{"do": "notify", "at": 60, "to": "everybody"}]}, "steps.1.to", "names nobody"),
            ({"steps": [{"do": "notify", "at": 60, "to": ["group:"]}]}, "steps.1.to", "names nobody"),
            ({"steps": [{"do": "raise_priority", "at": 60, "to": "managers"}]}, "steps.1.to", "to nobody"),
            ({"steps": [{"do": "escalate", "at": 60}]}, "steps.1.level", "from 2 to 9"),
            ({"steps": [{"do": "escalate", "at": 60, "level": 1}]}, "steps.1.level", "from 2 to 9"),
            (
                {"steps": [{"do": "escalate", "at": at, "level": level} for at, level in ((60, 3), (90, 2))]},
                "steps",
                "only go up",
            ),
        ],
    )
    def test_says_by_key_what_will_not_do(self, changes, key, said):
        assert said in errors(**changes)[key]

    def test_tells_all_that_is_wrong_at_once(self):
        assert set(errors(clock="sundial", repeat=9, steps=[{"do": "shout"}, {"do": "notify", "at": 1}])) == {
            "clock",
            "repeat",
            "steps.1.do",
            "steps.2.to",
        }

    def test_refuses_what_is_no_object(self):
        with pytest.raises(BadEscalation, match="Write an object"):
            read(["wall"])

    def test_lets_only_what_waits_for_ever_have_no_end(self):
        assert read(body(expires_after=None, final={"do": "keep_waiting"})).expires_after is None


class TestDuration:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [(90, 90), ("90s", 90), ("15 min", 900), ("15m", 900), ("1.5h", 5400), ("1 hour", 3600), ("2d", 172_800)],
    )
    def test_is_in_seconds(self, text, seconds):
        assert duration(text) == seconds
