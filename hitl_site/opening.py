"""The first half minute of the demo: everything starts, people and runs are there, the newcomer is greeted."""

import time
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from hitl_site import demo_data, env
from hitl_site.supervisor import guards, parts, probes
from hitl_site.supervisor.house import House
from hitl_site.supervisor.voice import Voice

HOST = "127.0.0.1"  # never another: the password of the accounts is published


def open_up(house: House, voice: Voice, port: int, concurrency: int | None) -> None:
    """Start the parts in the order in which they need each other; raises Refused where one does not come up."""
    began, url = time.monotonic(), f"http://{HOST}:{port}"
    prepare_services(house, settings.VAR)
    call_command("migrate", interactive=False, verbosity=0)
    demo_data.seed()
    if house.leaving:
        return
    if not env.text("BROKER_URL") and not env.text("REDIS_URL") and (count := probes.requeue_interrupted()):
        voice.say("demo", f"put {count} interrupted task(s) back into the queue")
    house.start(parts.web(HOST, port))
    house.start(parts.worker(concurrency))
    house.start(parts.clock())
    house.wait_until(lambda: probes.web_answers(HOST, port), "The web server")
    house.wait_until(probes.worker_answers, "The worker")
    if house.leaving:
        return
    count = demo_data.submit_first_runs()
    connections.close_all()
    for line in greeting(url, count, time.monotonic() - began):
        voice.say("demo", line)


def prepare_services(house: House, var: Path) -> None:
    """Start our own Valkey, or see that the configured Redis is there."""
    if env.text("REDIS_URL"):
        if not probes.redis_answers():
            raise guards.Refused("Nothing answers at REDIS_URL.", guards.NO_SERVER)
        return
    house.wait_until(lambda: not probes.redis_answers(), "The end of an earlier Valkey")  # it still holds the data
    house.start(parts.valkey(var), probes.redis_answers)


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
