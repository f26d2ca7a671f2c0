"""A nursery of senders, for tests that kill them: each line it reads starts one, whose process id it prints.

Each sends what is due, round after round. They are forked, so that a new one is there at once.
"""

import ipaddress
import json
import os
import signal
import sys
import time
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

    from django.conf import settings
    from django.utils import timezone

    from reviews.notices import sending


def work(told: dict[str, Any]) -> None:
    """Send until killed."""
    settings.FOUREYES_SMTP = told["smtp"]
    settings.FOUREYES_SEAL_KEYS = [told["key"].encode()]
    settings.FOUREYES_WEBHOOK_ALLOW = [ipaddress.ip_network("127.0.0.0/8")]
    settings.FOUREYES_NOTICE_LEASE = told["lease"]
    settings.FOUREYES_NOTICE_ATTEMPTS = 100
    nursery = os.getppid()
    while os.getppid() == nursery:
        sending.send_due(timezone.now())
        time.sleep(0.02)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed leave nothing behind
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                work(json.loads(line))
            finally:
                os._exit(1)
        print(child, flush=True)
