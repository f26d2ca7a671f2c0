"""How tests of the desk look at a page and send a form: as one person, in a browser of their own."""

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse


def page_of(user, url, /, *args, **query):
    """The answer to a GET of the named address."""
    return _browser(user).get(reverse(url, args=args), query)


def post(user, url, /, *args, **data):
    """The answer to a POST to the named address."""
    return _browser(user).post(reverse(url, args=args), data)


def statements(look):
    """How many statements it takes."""
    with CaptureQueriesContext(connection) as said:
        look()
    return len(said)


def _browser(user):
    client = Client()
    client.force_login(user)
    return client
