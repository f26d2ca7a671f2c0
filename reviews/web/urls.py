"""The addresses of the desk: each module names its own."""

from django.urls import URLPattern

from reviews.web import audit_log, away, board, endpoints, holding, inbox, interventions, notices, outbox, runs, trials
from reviews.web.policies import urls as policies

app_name = "reviews"
urlpatterns: list[URLPattern] = [
    *inbox.urlpatterns,
    *interventions.urlpatterns,
    *runs.urlpatterns,
    *trials.urlpatterns,
    *holding.urlpatterns,
    *board.urlpatterns,
    *away.urlpatterns,
    *notices.urlpatterns,
    *endpoints.urlpatterns,
    *outbox.urlpatterns,
    *policies.urlpatterns,
    *audit_log.urlpatterns,
]
