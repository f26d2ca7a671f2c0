"""The readers of environment variables."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from hitl_site import env


@pytest.fixture
def given(monkeypatch):
    """Set the one variable these tests read."""
    return lambda value: monkeypatch.setenv("SAMPLE", value)


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    monkeypatch.delenv("SAMPLE", raising=False)


class TestText:
    def test_gives_the_default_where_nothing_is_set(self):
        assert env.text("SAMPLE", "default") == "default"

    def test_takes_an_empty_variable_for_an_unset_one(self, given):
        given("  ")
        assert env.text("SAMPLE", "default") == "default"

    def test_strips_blanks(self, given):
        given(" value \n")
        assert env.text("SAMPLE") == "value"


class TestRequired:
    def test_gives_the_value(self, given):
        given("value")
        assert env.required("SAMPLE", "Why not.") == "value"

    def test_refuses_to_go_on_without_and_says_why(self):
        with pytest.raises(ImproperlyConfigured, match=r"SAMPLE is not set\. Sessions are signed with it\."):
            env.required("SAMPLE", "Sessions are signed with it.")


class TestFlag:
    @pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "On"])
    def test_understands_a_yes(self, given, value):
        given(value)
        assert env.flag("SAMPLE", default=False) is True

    @pytest.mark.parametrize("value", ["0", "false", "False", "no", "OFF"])
    def test_understands_a_no(self, given, value):
        given(value)
        assert env.flag("SAMPLE", default=True) is False

    @pytest.mark.parametrize("default", [True, False])
    def test_gives_the_default_where_nothing_is_set(self, default):
        assert env.flag("SAMPLE", default=default) is default

    @pytest.mark.parametrize("value", ["maybe", "2", "fasle", "None"])
    def test_refuses_anything_else(self, given, value):
        given(value)
        with pytest.raises(ImproperlyConfigured, match=f"SAMPLE='{value.lower()}' is neither yes nor no"):
            env.flag("SAMPLE", default=True)


class TestNumber:
    @pytest.mark.parametrize("value", ["1", "50", "100"])
    def test_takes_what_lies_within_the_limits(self, given, value):
        given(value)
        assert env.number("SAMPLE", 7, least=1, most=100) == int(value)

    def test_gives_the_default_where_nothing_is_set(self):
        assert env.number("SAMPLE", 7, least=1, most=100) == 7

    @pytest.mark.parametrize("value", ["0", "101", "-5"])
    def test_refuses_what_lies_outside(self, given, value):
        given(value)
        with pytest.raises(ImproperlyConfigured, match=f"SAMPLE={value} is not between 1 and 100"):
            env.number("SAMPLE", 7, least=1, most=100)

    @pytest.mark.parametrize("value", ["ten", "1.5", "1e3", "0x10"])
    def test_refuses_what_is_no_whole_number(self, given, value):
        given(value)
        with pytest.raises(ImproperlyConfigured, match="is not a whole number"):
            env.number("SAMPLE", 7, least=1, most=100)


class TestChoice:
    def test_takes_a_word_it_knows(self, given):
        given("chat")
        assert env.choice("SAMPLE", "responses", of={"responses", "chat"}) == "chat"

    def test_refuses_another_and_names_those_it_knows(self, given):
        given("Chat")
        with pytest.raises(ImproperlyConfigured, match="Use one of: chat, responses"):
            env.choice("SAMPLE", "responses", of={"responses", "chat"})


class TestWords:
    def test_splits_at_commas_and_drops_what_is_empty(self, given):
        given(" a.example ,, b.example,")
        assert env.words("SAMPLE") == ["a.example", "b.example"]

    def test_gives_a_copy_of_the_default(self):
        default = ["a"]
        env.words("SAMPLE", default).append("b")
        assert default == ["a"]


class TestOrigins:
    def test_takes_scheme_host_and_port(self, given):
        given("https://desk.example.org, http://localhost:8000/")
        assert env.origins("SAMPLE") == ["https://desk.example.org", "http://localhost:8000"]

    @pytest.mark.parametrize(
        "value",
        ["desk.example.org", "*", "https://", "ftp://desk.example.org", "https://desk.example.org/path", "https://a?b"],
    )
    def test_refuses_what_is_no_origin(self, given, value):
        given(value)
        with pytest.raises(ImproperlyConfigured, match="is not an origin"):
            env.origins("SAMPLE")


class TestHttpsUrl:
    def test_is_nothing_where_there_is_none(self, monkeypatch):
        monkeypatch.delenv("SOME_URL", raising=False)
        assert env.https_url("SOME_URL") == ""

    @pytest.mark.parametrize("url", ["https://ping.example.org/abc", "https://ping.example.org:8443/a?b=c"])
    def test_takes_an_https_address(self, monkeypatch, url):
        monkeypatch.setenv("SOME_URL", url)
        assert env.https_url("SOME_URL") == url

    @pytest.mark.parametrize(
        "url",
        [
            "http://ping.example.org/abc",
            "ping.example.org/abc",
            "https://",
            "https:///abc",
            "https://ping.example.org:x/abc",
            "https://ping.example.org:0/abc",
            "https://ping.example.org/a b",
            "https://[::1/abc",
            "file:///etc/passwd",
        ],
    )
    def test_refuses_anything_else_and_does_not_repeat_it(self, monkeypatch, url):
        monkeypatch.setenv("SOME_URL", url)
        with pytest.raises(ImproperlyConfigured, match="SOME_URL is not an https address") as refused:
            env.https_url("SOME_URL")
        assert url not in str(refused.value).replace("https://ping.example.org/abc123", "")


class TestToken:
    def test_is_nothing_where_there_is_none(self, monkeypatch):
        monkeypatch.delenv("SOME_TOKEN", raising=False)
        assert env.token("SOME_TOKEN", least=16) == ""

    def test_takes_one_that_is_long_enough(self, monkeypatch):
        monkeypatch.setenv("SOME_TOKEN", " 0123456789abcdef ")
        assert env.token("SOME_TOKEN", least=16) == "0123456789abcdef"

    @pytest.mark.parametrize("token", ["0123456789abcde", "0123456789 abcdef", "0123456789abcdéf"])
    def test_refuses_one_that_is_none_and_does_not_repeat_it(self, monkeypatch, token):
        monkeypatch.setenv("SOME_TOKEN", token)
        with pytest.raises(ImproperlyConfigured, match="SOME_TOKEN is no token") as refused:
            env.token("SOME_TOKEN", least=16)
        assert token not in str(refused.value)
