"""NUL, for which PostgreSQL has no place, breaks no page that a package brings."""

import pytest
from django.conf import settings

from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    client.force_login(factories.user("ada", is_superuser=True))
    return client


@pytest.mark.parametrize(
    "address",
    [
        "/admin/reviews/run/?status=%00",
        "/admin/reviews/run/?q=%00",
        "/admin/auth/user/?o=%00&is_staff__exact=%00",
        "/admin/reviews/run/%00/change/",
        "/admin/autocomplete/?app_label=auth&model_name=user&field_name=%00&term=%00",
    ],
)
def test_the_admin_refuses_it_in_an_address(admin, address):
    assert admin.get(address).status_code == 400


def test_the_admin_takes_every_other_address(admin):
    assert admin.get("/admin/reviews/run/?q=%C3%A9%01").status_code == 200


@pytest.mark.parametrize("name", [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME])
def test_nobody_sends_it_in_a_cookie(client, name):
    client.cookies.load(f'{name}="a\\000b"')
    assert client.get("/accounts/login/").status_code == 400
