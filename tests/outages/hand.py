"""What a test does to the desk from a process of its own: `python -m tests.outages.hand people | submit AGENT N`."""

import sys

import django


def main(verb: str, *words: str) -> None:
    django.setup()
    from reviews import live  # after setup: they need the apps
    from reviews.access import REVIEWER
    from reviews.actions import runs
    from tests import factories

    if verb == "people":
        alice = factories.user("alice", REVIEWER)
        factories.seat(alice, factories.queue("support"))
    elif verb == "submit":
        agent, number = words
        for turn in range(int(number)):
            print(
                runs.submit(
                    agent, f"Customer C-88213 reports a duplicate charge on order O-30912. ({turn})", by=None
                ).pk
            )
        live.settle(2)


if __name__ == "__main__":
    main(*sys.argv[1:])
