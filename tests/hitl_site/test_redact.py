"""What must not get into the log."""

import pytest

from hitl_site import redact


class TestStrikeOutSecrets:
    @pytest.mark.parametrize(
        "key",
        ["password", "SECRET_KEY", "access_token", "Authorization", "openai_api_key", "apikey", "cookie", "sessionid"],
    )
    def test_hides_what_its_key_calls_secret(self, key):
        assert redact.strike_out_secrets(None, "info", {key: "hunter2"}) == {key: redact.STRUCK_OUT}

    def test_looks_into_dicts_and_lists(self):
        event = {"event": "call", "arguments": {"user": "ann", "steps": [{"password": "hunter2"}]}}
        seen = redact.strike_out_secrets(None, "info", event)

        assert seen["arguments"] == {"user": "ann", "steps": [{"password": redact.STRUCK_OUT}]}

    @pytest.mark.parametrize("key", ["input_tokens", "event", "run", "secretary"])
    def test_leaves_other_keys_alone(self, key):
        expected = "kept" if key != "secretary" else redact.STRUCK_OUT  # better one word too many
        assert redact.strike_out_secrets(None, "info", {key: "kept"}) == {key: expected}
