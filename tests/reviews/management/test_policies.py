"""Policies as files: exported, reviewed somewhere else, imported as drafts."""

import json

import pytest

from reviews.actions import policy_defaults, review_policies
from reviews.management import policy_files
from reviews.management.cli import Misused, Refused
from reviews.models import ReviewPolicy
from reviews.policies import Rule
from tests.reviews.management.shell import call, manage, told

ASK = {"tool": "pay", "ruling": "ask", "when": "amount > 200", "name": "Big – “über” 200"}


@pytest.fixture
def in_force(mara, admin):
    made = review_policies.draft("payments", by=mara, body={"rules": [ASK], "title": "Pay", "note": "Why."})
    return review_policies.activate(made.pk, by=admin)


@pytest.fixture(autouse=True)
def no_other_policies(db, monkeypatch):
    monkeypatch.setattr(policy_defaults, "meet_all", lambda: None)


def write(folder, name="payments.json", **body):
    said = {"slug": "payments", "title": "Pay", "rules": [ASK]} | body
    (folder / name).write_text(json.dumps(said))


class TestExport:
    def test_writes_what_is_in_force_in_an_order_that_never_changes(self, in_force, tmp_path):
        said = told("policies", "export", tmp_path)

        text = (tmp_path / "payments.json").read_text()
        assert list(json.loads(text)) == ["slug", "title", "agent", "position", "note", "rules"]
        assert "“über”" in text and text.endswith("}\n")
        assert said["exported"] == [{"policy": "payments", "version": 1, "digest": in_force.digest}]
        assert said["written"] == ["payments.json"]

    def test_leaves_alone_what_says_the_same_and_what_is_not_in_force(self, in_force, tmp_path):
        told("policies", "export", tmp_path)
        write(tmp_path, "other.json", slug="other")

        said = told("policies", "export", tmp_path)

        assert (said["written"], said["stray"]) == ([], ["other"])
        assert "Not in force, left as they are: other." in call("policies", "export", tmp_path)

    def test_says_so_where_the_folder_cannot_be_written(self, in_force, tmp_path):
        (tmp_path / "file").write_text("")

        with pytest.raises(Refused, match="cannot be written"):
            call("policies", "export", tmp_path / "file" / "inside")


class TestImport:
    def test_of_what_was_exported_changes_nothing(self, in_force, tmp_path):
        told("policies", "export", tmp_path)

        said = told("policies", "import", tmp_path, "--as", "mara")

        assert said == {"drafts": [], "unchanged": ["payments"]}
        assert ReviewPolicy.objects.count() == 1

    def test_of_every_starter_and_of_what_agents_say_changes_nothing(self, tmp_path, mara, admin):
        policy_defaults.begin()
        policy_defaults.meet("clerk", "Clerk", [Rule.from_code({"tool": "pay", "when": "tool = wire", "risk": "high"})])
        shadow = ReviewPolicy.objects.get(status="shadow")
        review_policies.activate(shadow.pk, by=admin)

        exported = told("policies", "export", tmp_path)["exported"]
        said = told("policies", "import", tmp_path, "--as", "mara")

        assert len(exported) == 3 and said["drafts"] == []

    def test_of_rules_that_were_kept_in_another_writing_changes_nothing(self, in_force, tmp_path):
        unquoted = {"tool": "pay", "ruling": "ask", "when": "amount>200", "risk": "medium", "name": ASK["name"]}
        in_force.rules = [unquoted]
        ReviewPolicy.objects.update(rules=in_force.rules, digest=in_force.signature())
        told("policies", "export", tmp_path)

        assert told("policies", "import", tmp_path, "--as", "mara")["drafts"] == []

    @pytest.mark.parametrize("rules", [[], [{"tool": 5}]])
    def test_of_a_version_that_was_altered_makes_a_draft(self, in_force, tmp_path, rules):
        told("policies", "export", tmp_path)
        ReviewPolicy.objects.update(rules=rules)

        assert len(told("policies", "import", tmp_path, "--as", "mara")["drafts"]) == 1

    def test_makes_drafts_that_a_second_person_has_to_activate(self, in_force, tmp_path, mara, admin):
        write(tmp_path, rules=[ASK | {"when": "amount > 50"}])

        said = told("policies", "import", tmp_path, "--as", "mara")

        row = ReviewPolicy.objects.get(version=2)
        assert said["drafts"] == [{"policy": "payments", "version": 2, "id": row.pk, "digest": row.digest}]
        assert (row.status, row.source, row.edited_by) == ("draft", "file", mara)
        assert review_policies.activate(row.pk, by=admin).status == "active"

    def test_round_trip_keeps_every_digest(self, in_force, tmp_path, mara):
        told("policies", "export", tmp_path)
        ReviewPolicy.objects.all().delete()

        (said,) = told("policies", "import", tmp_path, "--as", "mara")["drafts"]

        assert said["digest"] == in_force.digest

    def test_refuses_all_where_one_meets_a_draft(self, in_force, tmp_path, mara, admin):
        review_policies.draft("payments", by=admin, body={"title": "Mine"})
        write(tmp_path, "another.json", slug="another")
        write(tmp_path, rules=[])

        with pytest.raises(Refused, match="admin wrote it last"):
            told("policies", "import", tmp_path, "--as", "mara")

        assert not ReviewPolicy.objects.filter(slug="another").exists()

    def test_writes_over_a_draft_where_told_to(self, in_force, tmp_path, mara, admin):
        review_policies.draft("payments", by=admin, body={"title": "Mine"})
        write(tmp_path, rules=[])

        told("policies", "import", tmp_path, "--as", "mara", "--replace-drafts")

        row = ReviewPolicy.objects.get(status="draft")
        assert (row.rules, row.edited_by, row.title) == ([], mara, "Pay")

    def test_needs_a_name(self, tmp_path):
        write(tmp_path)

        with pytest.raises(Misused, match="--as USERNAME"):
            call("policies", "import", tmp_path)

    def test_is_for_managers_and_admins_only(self, tmp_path, alice):
        write(tmp_path)

        with pytest.raises(Refused, match="neither a manager nor an admin"):
            call("policies", "import", tmp_path, "--as", "alice")

    @pytest.mark.parametrize("person", ["alice", "charlie", "otto"])
    def test_tells_who_may_change_no_policy_nothing_of_what_is_there(self, request, person, in_force, tmp_path):
        told("policies", "export", tmp_path)
        request.getfixturevalue(person)

        with pytest.raises(Refused, match="neither a manager nor an admin"):
            call("policies", "import", tmp_path, "--as", person)

    def test_takes_the_title_from_the_name_where_there_is_none(self, tmp_path, mara):
        (tmp_path / "refunds-eu.json").write_text('{"slug": "refunds-eu", "rules": []}')
        told("policies", "import", tmp_path, "--as", "mara")

        row = ReviewPolicy.objects.get()
        assert (row.title, row.agent, row.position) == ("Refunds eu", "*", 500)
        assert told("policies", "import", tmp_path, "--as", "mara")["unchanged"] == ["refunds-eu"]

    def test_names_a_queue_that_is_not_there(self, tmp_path, mara):
        write(tmp_path, rules=[ASK | {"queue": "nowhere"}])

        with pytest.raises(Refused, match="There is no queue 'nowhere'") as refusal:
            call("policies", "import", tmp_path, "--as", "mara")
        assert refusal.value.more == {"errors": {"rules.0.queue": "There is no queue 'nowhere'."}}


class TestCheck:
    def test_reads_files_and_no_database(self, tmp_path, django_assert_num_queries):
        write(tmp_path)

        with django_assert_num_queries(0):
            assert told("policies", "check", tmp_path) == {"checked": ["payments"]}
        assert call("policies", "check", tmp_path).strip() == "1 policy can be read."

    @pytest.mark.parametrize(
        ("text", "key", "why"),
        [
            ("{", "", "no JSON"),
            ("[]", "", "Write an object"),
            ('{"slug": "payments", "slug": "payments"}', "", "'slug' is there twice"),
            ('{"slug": "payments", "title": "Pay"}', "rules", "missing"),
            ('{"title": "Pay", "rules": []}', "slug", "missing"),
            ('{"slug": "other", "title": "Pay", "rules": []}', "slug", "is named other.json"),
            ('{"slug": "payments", "title": "Pay", "rules": [{"tool": "x", "risk": "hgih"}]}', "rules.0.risk", "low"),
            ('{"slug": "payments", "title": "Pay", "rules": [], "rulse": 1}', "rulse", "no such key"),
            ('{"slug": 5, "title": "Pay", "rules": []}', "slug", "Write a text"),
            ("\ud800".encode("utf-16", "surrogatepass"), "", "no JSON"),
        ],
    )
    def test_names_the_file_the_key_and_what_is_wrong(self, tmp_path, text, key, why):
        (tmp_path / "payments.json").write_bytes(text if isinstance(text, bytes) else text.encode())

        with pytest.raises(Refused) as refusal:
            call("policies", "check", tmp_path)

        errors = refusal.value.more["errors"]["payments.json"]
        assert list(errors) == [key] and why in errors[key]
        assert "payments.json: " in str(refusal.value)

    def test_names_every_wrong_key_of_a_rule_counted_as_people_do(self, tmp_path):
        write(tmp_path, rules=[ASK, {"tool": "x", "amuont": 5, "risk": "huge"}, {"ruling": "ask"}, 7])

        with pytest.raises(Refused) as refusal:
            call("policies", "check", tmp_path)

        said = str(refusal.value).splitlines()
        assert [line.split(": ")[1] for line in said] == ["Rule 2, amuont", "Rule 2, risk", "Rule 3, tool", "Rule 4"]
        assert "no key 'amuont'" in said[0] and "low, medium, high" in said[1]
        assert list(refusal.value.more["errors"]["payments.json"])[0] == "rules.1.amuont"

    def test_asks_for_no_more_than_a_name_and_rules(self, tmp_path):
        (tmp_path / "refunds-eu.json").write_text('{"slug": "refunds-eu", "rules": []}')

        assert told("policies", "check", tmp_path) == {"checked": ["refunds-eu"]}

    def test_refuses_a_file_that_is_too_large(self, tmp_path, monkeypatch):
        write(tmp_path)
        monkeypatch.setattr(policy_files, "LARGEST", 10)

        with pytest.raises(Refused, match="more than 10 bytes"):
            call("policies", "check", tmp_path)

    def test_says_so_where_there_is_nothing_to_check(self, tmp_path):
        with pytest.raises(Refused, match="There is no policy in"):
            call("policies", "check", tmp_path)
        with pytest.raises(Misused, match="There is no folder"):
            call("policies", "check", tmp_path / "nowhere")


@pytest.mark.django_db(transaction=True)
class TestExitCodes:
    def test_are_those_of_every_command(self, tmp_path):
        write(tmp_path)
        (tmp_path / "bad").mkdir()
        (tmp_path / "bad" / "payments.json").write_text("{")

        codes = [
            manage("policies", "check", tmp_path).returncode,
            manage("policies", "check", tmp_path / "bad", "--json").returncode,
            manage("policies", "chekc", tmp_path).returncode,
        ]

        assert codes == [0, 1, 2]
