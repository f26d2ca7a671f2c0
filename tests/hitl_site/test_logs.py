"""What gets into the log, and what must not."""

import json
import logging
import logging.config

import pytest
import structlog

from hitl_site import logs


@pytest.fixture
def configured(capsys):
    """Configure logging for one test; returns a function that gives the lines written so far."""
    before = structlog.get_config()
    handlers, level = list(logging.root.handlers), logging.root.level

    def configure(*, as_json: bool):
        logging.config.dictConfig(logs.configure(json=as_json, level="INFO"))
        structlog.configure(cache_logger_on_first_use=False)
        return lambda: capsys.readouterr().err.strip().splitlines()

    yield configure
    structlog.configure(**before)
    logging.root.handlers[:], logging.root.level = handlers, level


class TestProductionLines:
    def test_are_json_with_time_level_and_context(self, configured):
        lines = configured(as_json=True)
        structlog.get_logger("desk").info("run parked", run="r-1")
        (line,) = map(json.loads, lines())

        assert (line["event"], line["run"], line["level"], line["logger"]) == ("run parked", "r-1", "info", "desk")
        assert line["timestamp"].endswith("Z")

    def test_of_plain_loggers_look_the_same(self, configured):
        lines = configured(as_json=True)
        logging.getLogger("library").warning("%s of %s", 1, 2, extra={"run": "r-1"})
        (line,) = map(json.loads, lines())

        assert (line["event"], line["run"], line["level"]) == ("1 of 2", "r-1", "warning")

    def test_stay_on_one_line_whatever_the_agent_wrote(self, configured):
        lines = configured(as_json=True)
        structlog.get_logger().info("output\n2026-01-01 forged line")

        assert len(lines()) == 1

    def test_carry_the_traceback(self, configured):
        lines = configured(as_json=True)
        try:
            raise ValueError("boom")
        except ValueError:
            logging.getLogger("library").exception("failed")
        (line,) = map(json.loads, lines())

        assert "ValueError: boom" in line["exception"]


class TestDevelopmentLines:
    def test_are_for_people_and_without_colours_in_a_file(self, configured):
        lines = configured(as_json=False)
        structlog.get_logger("desk").info("run parked", run="r-1")
        (line,) = lines()

        assert "run parked" in line and "run=r-1" in line
        assert "\x1b[" not in line

    def test_have_colours_where_the_supervisor_asks_for_them(self, configured, monkeypatch):
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.delenv("NO_COLOR", raising=False)
        lines = configured(as_json=False)
        structlog.get_logger("desk").info("run parked")

        assert "\x1b[" in lines()[0]


class TestSecrets:
    def test_reaches_the_lines_of_plain_loggers(self, configured):
        lines = configured(as_json=True)
        logging.getLogger("library").warning("sign-in", extra={"password": "hunter2"})

        assert "hunter2" not in lines()[0]
