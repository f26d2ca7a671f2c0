"""What the terminal shows."""

import io
import sys
import threading

import pytest

from hitl_site.supervisor import voice


class Terminal(io.StringIO):
    """A terminal with colours."""

    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    """A terminal that was closed."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


class TestSay:
    def test_puts_the_name_of_the_part_before_each_line(self, capsys):
        with voice.Voice() as speaker:
            speaker.say("web", "listening")
            speaker.say("worker", "ready")

        assert capsys.readouterr().out == "web    | listening\nworker | ready\n"

    def test_never_mixes_lines_of_different_parts(self, capsys):
        def talk(name: str) -> None:
            for number in range(200):
                speaker.say(name, f"line {number} of {name}")

        with voice.Voice() as speaker:
            threads = [threading.Thread(target=talk, args=(name,)) for name in ("web", "worker", "clock")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 600
        assert all(line.endswith(line.split("|")[0].strip()) for line in lines)

    def test_leaves_out_empty_lines_and_advice_for_others(self, capsys):
        with voice.Voice() as speaker:
            speaker.say("worker", "")
            speaker.say("valkey", "WARNING Memory overcommit must be enabled! Without it …")

        assert capsys.readouterr().out == ""

    def test_colours_the_name_in_a_terminal(self, monkeypatch):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.delenv("NO_COLOR", raising=False)
        with voice.Voice() as speaker:
            speaker.say("web", "listening")

        assert terminal.getvalue() == "\x1b[36mweb    |\x1b[0m listening\n"

    def test_goes_on_when_the_terminal_is_gone(self, monkeypatch):
        monkeypatch.setattr(sys, "stdout", Gone())
        with voice.Voice() as speaker:
            speaker.say("web", "one")
            speaker.say("web", "two")


class TestWantsColour:
    @pytest.mark.parametrize(("no_color", "expected"), [("", True), ("1", False)])
    def test_heeds_no_color(self, monkeypatch, no_color, expected):
        monkeypatch.setattr(sys, "stdout", Terminal())
        monkeypatch.setenv("NO_COLOR", no_color)

        assert voice.wants_colour() is expected

    def test_is_off_in_a_file(self, monkeypatch):
        monkeypatch.setattr(sys, "stdout", io.StringIO())
        assert voice.wants_colour() is False
