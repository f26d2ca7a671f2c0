"""The whole desk in one terminal: Valkey, web, worker and clock, with demo people and agents."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, CommandError

from hitl_site import opening
from hitl_site.supervisor import guards
from hitl_site.supervisor.house import House
from hitl_site.supervisor.voice import Voice, wants_colour


class Command(BaseCommand):
    """Start everything, print the address and the accounts, watch until told to stop."""

    help = "Run the whole desk with demo people and agents. Ctrl-C stops it; its data is kept in var/."
    requires_system_checks: list[str] = []  # they want the tables that this command is about to make

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--concurrency", type=int, help="agents that run at the same time")
        parser.add_argument("--check", action="store_true", help="start, see that everything is up, stop")

    def handle(self, *args: Any, port: int, concurrency: int | None, check: bool, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("The demo has accounts with a known password and never runs in production (DEBUG=0).")
        try:
            with guards.sole_owner(settings.VAR), Voice() as voice:
                guards.require_free_port(opening.HOST, port)
                colour = {"FORCE_COLOR": "1"} if wants_colour() else {}
                house = House(voice.say, {"PORT": str(port), **colour})
                house.heed_signals()
                try:
                    opening.open_up(house, voice, port, concurrency)
                    if check:
                        house.leave()
                    house.watch()
                finally:
                    house.stop()
        except guards.Refused as refused:
            raise CommandError(str(refused), returncode=refused.code) from None
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
