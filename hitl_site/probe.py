"""Asks a probe of a web process and ends with 0 or 1, for images without curl: python -m hitl_site.probe ADDRESS"""

import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

PATIENCE = 4
"""Seconds; each part of /readyz takes two at most."""


def main(address: str) -> int:
    """0 where the answer is 200; else 1, saying why."""
    where = urlsplit(address)
    connection = HTTPConnection(where.hostname or "", where.port or 80, timeout=PATIENCE)  # direct: no proxy
    path = f"{where.path or '/'}?{where.query}" if where.query else where.path or "/"
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status == 200:
            return 0
        print(answer.status, answer.read(2000).decode(errors="replace"), file=sys.stderr)
    except (OSError, HTTPException) as error:
        print(f"{address} does not answer: {error}", file=sys.stderr)
    finally:
        connection.close()
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
