"""The editor of a draft: every key, every button, and nothing typed is lost."""

import json
import re
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import Group

from reviews.actions import review_policies
from reviews.models import EscalationPolicy, ReviewPolicy
from reviews.policies import READERS
from tests.reviews.desk_data import text_of
from tests.reviews.web.policies.conftest import ASK
from tests.reviews.web.visits import page_of, post, statements

pytestmark = pytest.mark.django_db
ONE = ("payments", 1)
WHOLE = {
    "tool": "pay_*",
    "ruling": "ask",
    "when": ["amount > 200", 'currency in ["EUR", "GBP"]', 'note = "yes, \\"no\\""', "vip exists", "kind != null"],
    "agent": "Clerk",
    "name": "Big",
    "title": "Pay {amount}",
    "risk": "high",
    "due_in": 5400,
    "reason_required": True,
    "verdicts": ["approve", "reject"],
    "kind": "tool_approval",
    "queue": "support",
    "approvals": 2,
    "groups": ["treasury", "board"],
    "not_by": ["requester", "agent_owner"],
    "rejecting": "majority",
    "escalation": "slow",
    "presets": ["Too much.", "[Ask] the\ncustomer."],
}


class Fields(HTMLParser):
    """What a browser would send of the editor's form."""

    def __init__(self, page):
        super().__init__()
        self.sent, self.area, self.menu = {}, None, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        if tag == "input" and (said.get("type") not in ("checkbox", "radio") or "checked" in said):
            is_tick = said.get("type") in ("checkbox", "radio")
            self.keep(said.get("name"), said.get("value", "on" if is_tick else ""))
        elif tag == "textarea":
            self.area = (said.get("name"), [])
        elif tag == "select":
            self.menu = (said.get("name"), [])
        elif tag == "option" and self.menu:
            self.menu[1].append((said["value"], "selected" in said))

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.keep(self.area[0], "".join(self.area[1]).removeprefix("\n"))
            self.area = None
        elif tag == "select":
            name, options = self.menu
            self.keep(name, next((value for value, chosen in options if chosen), options[0][0]))
            self.menu = None

    def handle_data(self, data):
        if self.area:
            self.area[1].append(data)

    def keep(self, name, value):
        if name not in (None, "q", "csrfmiddlewaretoken", "theme"):
            self.sent.setdefault(name, []).append(value)


def form(answer):
    page = answer.content.decode()
    found = re.search(r'<form class="editor".*?</form>', page, re.S)
    return Fields(found[0]).sent


def opened(person):
    return form(page_of(person, "reviews:edit_policy", *ONE))


def press(person, sent, act, **changes):
    data = {**sent, "act": act} | {name.replace("_of_", "-"): said for name, said in changes.items()}
    return post(person, "reviews:edit_policy", *ONE, **data)


def pressed(person, answer, label):
    """What the browser sends when that button of the page is pressed: the fields, and the button's own name."""
    buttons = re.findall(r"<button([^>]*)>(.*?)</button>", answer.content.decode(), re.S)
    found = next(attrs for attrs, inside in buttons if label in inside)
    own = {name: re.search(rf'\b{name}="([^"]*)"', found)[1] for name in ("name", "value")}
    return post(person, "reviews:edit_policy", *ONE, **form(answer), **{own["name"]: own["value"]})


def saved():
    return ReviewPolicy.objects.get().rules


@pytest.fixture
def whole(mara, queue):
    EscalationPolicy.objects.create(slug="slow", body={}, created_at="2026-01-01T00:00Z")
    Group.objects.bulk_create([Group(name="treasury"), Group(name="board")])
    return review_policies.draft("payments", by=mara, body={"rules": [WHOLE, ASK]})


class TestForms:
    def test_hold_every_key_of_a_rule_and_save_it_as_it_was(self, whole, mara):
        assert WHOLE.keys() == READERS.keys()
        digest = whole.digest
        assert press(mara, opened(mara), "save").status_code == 302
        whole.refresh_from_db()
        assert (whole.rules, whole.digest) == ([WHOLE, ASK], digest)

    def test_change_what_is_typed_into_them(self, draft, mara):
        sent = opened(mara) | {"rules-0-tool": "wire", "rules-0-value": ["5000", ""], "rules-0-approvals": "2"}
        assert press(mara, sent | {"rules-0-due_in": "90 min", "note": "Why not"}, "save").status_code == 302
        assert saved() == [
            {"tool": "wire", "ruling": "ask", "when": "amount > 5000", "name": "Big", "approvals": 2, "due_in": 5400}
        ]
        assert ReviewPolicy.objects.get().note == "Why not"

    @pytest.mark.parametrize(
        ("name", "typed", "place"),
        [
            ("rules-0-approvals", "many", "rules.0.approvals"),
            ("rules-0-due_in", "soon", "rules.0.due_in"),
            ("rules-0-queue", "nowhere", "rules.0.queue"),
            ("rules-0-escalation", "nothing", "rules.0.escalation"),
            ("rules-0-groups", "[1]", "rules.0.groups"),
            ("rules-0-tool", "", "rules.0.tool"),
            ("rules-0-risk", "huge", "rules.0.risk"),
            ("title", "", "title"),
            ("position", "first", "position"),
        ],
    )
    def test_say_what_is_wrong_beside_the_field_and_keep_what_was_typed(self, draft, mara, name, typed, place):
        answer = press(mara, opened(mara) | {name: typed, "note": "typed as well"}, "save")
        assert answer.status_code == 422 and place in answer.context["sheet"].errors
        again = form(answer)
        assert again[name] == [typed] and again["note"] == ["typed as well"]
        near = rf'(?:name="{name}"[^>]*aria-invalid="true"|aria-invalid="true"[^>]*name="{name}")'
        assert re.search(near, text_of(answer))
        assert saved() == [ASK]

    @pytest.mark.parametrize(
        ("path", "op", "value"),
        [("amount", ">", ""), ("", ">", "200"), ("a = 1 or b", ">", ""), ("to", "matches", "["), ("a", "in", "")],
    )
    def test_say_which_condition_is_wrong(self, draft, mara, path, op, value):
        sent = opened(mara) | {"rules-0-path": ["ok", path], "rules-0-op": ["exists", op], "rules-0-value": ["", value]}
        answer = press(mara, sent, "save")
        assert answer.status_code == 422 and "rules.0.when" in answer.context["sheet"].errors
        lines = answer.context["rules"][0].form.lines
        assert [bool(line.error) for line in lines] == [False, True, False]
        assert (lines[1].path, lines[1].op, lines[1].value) == (path, op, value)

    @pytest.mark.parametrize(
        ("op", "typed", "kept"),
        [
            ("=", "EUR", 'x = "EUR"'),
            ("=", "5", "x = 5"),
            ("=", '"5"', 'x = "5"'),
            ("in", "EUR, GBP", 'x in ["EUR", "GBP"]'),
            ("contains", "a b", 'x contains "a b"'),
            ("matches", "^5$", 'x matches "^5$"'),
            ("not exists", "ignored", "x not exists"),
            ("!=", "null", "x != null"),
        ],
    )
    def test_take_values_as_people_type_them(self, draft, mara, op, typed, kept):
        press(mara, opened(mara) | {"rules-0-path": ["x"], "rules-0-op": [op], "rules-0-value": [typed]}, "save")
        assert saved()[0]["when"] == kept
        press(mara, opened(mara), "save")
        assert saved()[0]["when"] == kept


class TestButtons:
    def test_add_move_and_remove_rules_with_what_was_typed_into_them(self, draft, mara):
        sent = opened(mara) | {"rules-0-name": "Half typ"}
        two = form(press(mara, sent, "add"))
        two |= {"rules-1-tool": "wire", "rules-1-approvals": "not yet a number"}
        moved = form(press(mara, two, "up-1"))
        assert (moved["rules-0-approvals"], moved["rules-1-name"]) == (["not yet a number"], ["Half typ"])
        assert saved() == [ASK]
        left = form(press(mara, moved, "remove-0"))
        assert (left["rules"], left["rules-0-name"]) == (["1"], ["Half typ"])
        press(mara, left, "save")
        assert [rule["name"] for rule in saved()] == ["Half typ"]

    def test_close_and_open_a_rule_without_loss(self, draft, mara):
        sent = opened(mara) | {"rules-0-approvals": "many", "rules-0-path": ["amount", "x y"]}
        sent |= {"rules-0-op": [">", "="], "rules-0-value": ["200", "z"]}
        closed = form(press(mara, sent, "close-0"))
        assert "kept-0" in closed and "rules-0-tool" not in closed
        again = form(press(mara, closed, "open-0"))
        assert again["rules-0-approvals"] == ["many"] and "200" in again["rules-0-value"]

    def test_add_and_drop_conditions(self, draft, mara):
        more = form(press(mara, opened(mara), "when-0"))
        assert more["rules-0-path"] == ["amount", "", ""]
        less = form(press(mara, more | {"rules-0-path": ["amount", "x", ""]}, "drop-0-0"))
        assert less["rules-0-path"][0] == "x"

    @pytest.mark.parametrize("act", ["up-9", "down-", "drop-0-99", "when--1", "nonsense", "", "up-x", "remove-1e9"])
    def test_that_do_not_exist_only_check(self, draft, mara, act):
        assert press(mara, opened(mara), act).status_code == 200
        assert saved() == [ASK]

    def test_bring_only_the_editor_to_htmx(self, draft, mara, client):
        client.force_login(mara)
        page = client.post("/policies/payments/1/edit/", opened(mara) | {"act": "add"}, headers={"HX-Request": "true"})
        assert page.content.decode().lstrip().startswith("<form") and "Rule 2 was added." in page.content.decode()

    def test_open_some_of_many_rules_and_keep_the_others(self, mara):
        rules = [{**ASK, "name": f"Rule {number}"} for number in range(60)]
        review_policies.draft("payments", by=mara, body={"rules": rules})
        sent = opened(mara)
        for number in range(10):
            answer = press(mara, sent, f"open-{number}")
            sent = form(answer)
        assert "At most 8 rules are open" in text_of(answer)
        assert sum(len(values) for values in sent.values()) < 1000
        press(mara, sent | {"rules-3-name": "New name"}, "save")
        assert [rule["name"] for rule in saved()][2:5] == ["Rule 2", "New name", "Rule 4"] and len(saved()) == 60


class TestJson:
    def test_holds_all_of_it_and_saves_it(self, whole, mara):
        sent = form(press(mara, opened(mara), "json"))
        body = json.loads(sent["body"][0])
        assert body["rules"][0].keys() == WHOLE.keys() and body["position"] == 500
        body["rules"].pop()
        assert press(mara, sent | {"body": json.dumps(body | {"position": 3})}, "save").status_code == 302
        whole.refresh_from_db()
        assert (len(whole.rules), whole.position) == (1, 3)

    def test_leads_to_the_forms_and_back_with_what_is_not_saved(self, draft, mara):
        sent = form(press(mara, opened(mara) | {"rules-0-name": "Typed"}, "json"))
        assert form(press(mara, sent, "fields"))["rules-0-name"] == ["Typed"]
        assert saved() == [ASK]

    @pytest.mark.parametrize(
        "text", ["{", "[]", "7", '{"rules": 3}', "[" * 5000, '{"rules": ' + "[" * 99 + "]" * 99 + "}"]
    )
    def test_that_is_none_is_kept_and_refused(self, draft, mara, text):
        for act in ("save", "fields", "check"):
            answer = press(mara, {"as": "json", "seen": draft.digest, "body": text}, act)
            assert answer.status_code == 422 and form(answer)["body"] == [text]

    @pytest.mark.parametrize(
        ("body", "place"),
        [
            ({"rules": [{"tool": "pay", "when": "amount >"}]}, "rules.0.when"),
            ({"rules": [], "colour": "red"}, "colour"),
            ({"rules": [7]}, "rules.0"),
            ({"rules": [{"tool": "pay", "queue": "nowhere"}]}, "rules.0.queue"),
            ({"slug": "other"}, "slug"),
        ],
    )
    def test_says_what_is_wrong_by_key(self, draft, mara, body, place):
        answer = press(mara, {"as": "json", "seen": draft.digest, "body": json.dumps(body)}, "save")
        assert answer.status_code == 422 and place in answer.context["sheet"].errors
        assert json.loads(form(answer)["body"][0]) == body

    def test_with_a_rule_that_no_form_could_hold_stays_closed_and_whole(self, draft, mara):
        odd = {"rules": [{"tool": "pay", "unknown": 1}, 7, ASK]}
        answer = press(mara, {"as": "json", "seen": draft.digest, "body": json.dumps(odd)}, "fields")
        again = json.loads(form(press(mara, form(answer), "json"))["body"][0])
        assert again["rules"][:2] == odd["rules"][:2] and again["rules"][2]["name"] == "Big"


class TestTwoAtOnce:
    def test_nothing_is_overwritten_unseen_and_what_was_typed_stays(self, draft, mara, nina):
        sent = opened(mara) | {"rules-0-name": "Mine"}
        review_policies.save(draft.pk, by=nina, body={"rules": [{**ASK, "name": "Theirs"}]})
        answer = press(mara, sent, "save")
        assert answer.status_code == 409
        page = text_of(answer)
        assert "nina has changed payments version 1" in page and "Theirs" in page
        assert form(answer)["rules-0-name"] == ["Mine"] and saved()[0]["name"] == "Theirs"

        draft.refresh_from_db()
        over = pressed(mara, answer, "Put mine in its place")
        assert over.status_code == 302 and saved()[0]["name"] == "Mine"

    def test_puts_json_in_its_place_too(self, draft, mara, nina):
        mine = json.dumps({"rules": [{**ASK, "name": "Mine"}]})
        sent = {"as": "json", "seen": draft.digest, "body": mine}
        review_policies.save(draft.pk, by=nina, body={"rules": [{**ASK, "name": "Theirs"}]})
        answer = press(mara, sent, "save")
        assert answer.status_code == 409
        assert pressed(mara, answer, "Put mine in its place").status_code == 302 and saved()[0]["name"] == "Mine"

    def test_what_was_put_over_theirs_and_cannot_be_read_is_mended_and_saved(self, draft, mara, nina):
        sent = opened(mara)
        review_policies.save(draft.pk, by=nina, body={"rules": [{**ASK, "name": "Theirs"}]})
        answer = press(mara, sent | {"rules-0-approvals": "many"}, "save")
        answer = pressed(mara, answer, "Put mine in its place")
        assert answer.status_code == 422
        assert press(mara, form(answer) | {"rules-0-approvals": "2"}, "save").status_code == 302

    def test_a_draft_that_was_put_in_force_meanwhile_keeps_what_was_typed_on_the_page(self, draft, mara, nina):
        sent = opened(mara) | {"rules-0-name": "Mine"}
        review_policies.activate(draft.pk, by=nina)
        answer = press(mara, sent, "save")
        assert answer.status_code == 409 and form(answer)["rules-0-name"] == ["Mine"]
        assert page_of(mara, "reviews:edit_policy", *ONE).status_code == 302

    def test_a_form_that_does_not_say_what_was_read_saves_nothing(self, draft, mara):
        assert press(mara, opened(mara) | {"seen": ""}, "save").status_code == 409

    def test_others_find_no_editor(self, draft, alice, charlie, otto):
        for person in (alice, charlie, otto):
            assert press(person, {"rules": "0"}, "save").status_code == 404
        assert saved() == [ASK]


class TestCost:
    def test_does_not_grow_with_the_rules(self, draft, mara):
        few = statements(lambda: opened(mara))
        review_policies.save(draft.pk, by=mara, body={"rules": [ASK] * 100})
        assert statements(lambda: opened(mara)) == few
