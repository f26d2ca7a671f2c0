"""The addresses: sign-in, the admin, and the desk at the root."""

from allauth.account import views as account
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from hitl_site import away, status

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # one way in, one rate limit
admin.site.unregister(EmailAddress)  # nobody signs up here, and a change of it would not stand in the audit log

handler500 = away.error_page
urlpatterns = [
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    # allauth's pages name this address; nobody signs up, so it leads back.
    path("accounts/signup/", RedirectView.as_view(pattern_name="account_login"), name="account_signup"),
    path("admin/", admin.site.urls),
    path("status/", status.status, name="status"),
    path("", include("reviews.web.urls")),
]
