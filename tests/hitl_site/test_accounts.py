"""How people get in."""

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.hashers import identify_hasher
from django.contrib.auth.models import User
from django.test import Client

from tests import factories

LOGIN = "/accounts/login/"


@pytest.fixture
def try_password(client, alice):
    """Send the sign-in form as alice."""
    return lambda password, **more: client.post(LOGIN, {"login": "alice", "password": password, **more})


class TestSignIn:
    def test_lets_in_with_name_and_password_for_eight_hours(self, client, alice, try_password):
        response = try_password(factories.PASSWORD)

        assert response.status_code == 302
        assert get_user(client) == alice
        assert client.cookies["sessionid"]["max-age"] == 8 * 3600
        assert client.cookies["sessionid"]["httponly"] and client.cookies["sessionid"]["samesite"] == "Lax"

    def test_keeps_out_who_has_the_wrong_password(self, client, try_password):
        response = try_password("wrong")

        assert response.status_code == 200
        assert not get_user(client).is_authenticated

    def test_returns_to_the_page_that_asked(self, try_password):
        assert try_password(factories.PASSWORD, next="/runs/")["Location"] == "/runs/"

    def test_never_leads_to_another_site(self, try_password):
        assert "evil.example" not in try_password(factories.PASSWORD, next="https://evil.example/")["Location"]

    def test_locks_the_account_after_five_failures(self, client, try_password):
        for _ in range(5):
            try_password("wrong")
        response = try_password(factories.PASSWORD)

        assert not get_user(client).is_authenticated
        assert "Too many failed login attempts" in response.content.decode()

    def test_keeps_out_who_was_deactivated(self, client, alice, try_password):
        User.objects.filter(pk=alice.pk).update(is_active=False)
        try_password(factories.PASSWORD)

        assert not get_user(client).is_authenticated

    def test_demands_the_csrf_token(self, alice):
        strict = Client(enforce_csrf_checks=True)
        response = strict.post(LOGIN, {"login": "alice", "password": factories.PASSWORD})

        assert response.status_code == 403


class TestSignUp:
    @pytest.mark.parametrize("method", ["get", "post"])
    def test_does_not_exist(self, client, db, method):
        form = {"username": "mallory", "password1": factories.PASSWORD, "password2": factories.PASSWORD}
        response = getattr(client, method)("/accounts/signup/", form)

        assert (response.status_code, response["Location"]) == (302, LOGIN)
        assert not User.objects.filter(username="mallory").exists()

    @pytest.mark.parametrize("path", ["password/reset/", "email/", "login/code/", "confirm-email/"])
    def test_and_its_relatives_neither(self, client, db, path):
        assert client.get(f"/accounts/{path}").status_code == 404


class TestWrongPassword:
    def test_is_told_in_the_words_of_the_form(self, client, alice):
        page = client.post(LOGIN, {"login": "alice", "password": "wrong"}).content.decode()

        assert "The user name or the password is not correct." in page
        assert ">User name<" in page


class TestAdmin:
    def test_uses_the_same_door(self, client, db):
        response = client.get("/admin/", follow=True)
        assert response.redirect_chain[-1][0].startswith(LOGIN)

    def test_is_closed_to_reviewers(self, client, alice):
        client.force_login(alice)
        assert client.get("/admin/", follow=True).status_code == 403

    def test_is_open_to_the_administrator(self, client, admin):
        client.force_login(admin)
        assert client.get("/admin/").status_code == 200


class TestPasswords:
    def test_are_kept_with_argon2(self, alice):
        assert identify_hasher(alice.password).algorithm == "argon2"


@pytest.mark.django_db
def test_the_admin_offers_no_page_whose_changes_would_not_stand_in_the_audit_log(client):
    client.force_login(factories.user("ada", is_superuser=True))
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/account/emailaddress/").status_code == 404
