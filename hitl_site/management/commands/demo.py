"""The whole desk in one terminal: Valkey, web, worker and clock, with demo people and agents."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections

from hitl_site import demo_data, env
from hitl_site.supervisor import guards, parts
from hitl_site.supervisor.house import House
from hitl_site.supervisor.voice import Voice, wants_colour

HOST = "127.0.0.1"  # never another: the accounts' password is printed in the manual


class Command(BaseCommand):
    """Start everything, print the address and the accounts, watch until told to stop."""

    help = "Run the whole desk with demo people and agents. Ctrl-C stops it; its data is kept in var/."
    requires_system_checks: list[str] = []  # they want the tables that this command is about to make

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--concurrency", type=int, default=2, help="agents that run at the same time")
        parser.add_argument("--check", action="store_true", help="start, see that everything is up, stop")

    def handle(self, *args: Any, port: int, concurrency: int, check: bool, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo has accounts with a known password and runs only while DEBUG is on.")
        try:
            with guards.sole_owner(settings.VAR), Voice() as voice:
                guards.require_free_port(HOST, port)
                colour = {"FORCE_COLOR": "1"} if wants_colour() else {}
                house = House(voice.say, {"PORT": str(port), **colour})
                house.heed_signals()
                try:
                    open_up(house, voice, port, concurrency)
                    if check:
                        house.leave()
                    house.watch()
                finally:
                    house.stop()
        except guards.Refused as refused:
            raise CommandError(str(refused), returncode=refused.code) from None


def open_up(house: House, voice: Voice, port: int, concurrency: int) -> None:
    """Start the parts in the order in which they need each other; raises Refused where one does not come up."""
    began, url = time.monotonic(), f"http://{HOST}:{port}"
    prepare_services(house, settings.VAR)
    call_command("migrate", interactive=False, verbosity=0)
    demo_data.seed()
    if house.leaving:
        return
    if not env.text("BROKER_URL") and not env.text("REDIS_URL") and (count := parts.requeue_interrupted()):
        voice.say("demo", f"put {count} interrupted task(s) back into the queue")
    house.start(parts.web(HOST, port))
    house.start(parts.worker(concurrency))
    house.start(parts.clock())
    house.wait_until(lambda: parts.web_answers(HOST, port), "The web server")
    house.wait_until(parts.worker_answers, "The worker")
    if house.leaving:
        return
    count = demo_data.submit_first_runs()
    connections.close_all()
    for line in greeting(url, count, time.monotonic() - began):
        voice.say("demo", line)


def prepare_services(house: House, var: Path) -> None:
    """Start our own Valkey, or see that the configured Redis is there."""
    if env.text("REDIS_URL"):
        if not parts.redis_answers():
            raise guards.Refused("Nothing answers at REDIS_URL.", guards.NO_SERVER)
        return
    house.wait_until(lambda: not parts.redis_answers(), "The end of an earlier Valkey")  # it still holds the data
    house.start(parts.valkey(var), parts.redis_answers)


def greeting(url: str, submitted: int, seconds: float) -> list[str]:
    """What a newcomer needs to know, line by line."""
    people = [f"    {person.username:<9}{person.about}" for person in demo_data.PEOPLE]
    runs = [f"  {submitted} demo runs were started; their questions arrive in the inbox.", ""] if submitted else []
    return [
        "",
        f"  Foureyes is ready (after {seconds:.1f} s):   {url}/",
        "",
        *runs,
        f"  Sign in as one of these, password  {demo_data.PASSWORD}",
        *people,
        "",
        f"  Ctrl-C stops everything. The data stays in {settings.VAR}.",
        "",
    ]
