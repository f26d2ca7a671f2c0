"""The addresses of the desk: each module names its own."""

from django.urls import URLPattern

from reviews.web import audit_log, away, board, holding, inbox, interventions, runs, trials

app_name = "reviews"
urlpatterns: list[URLPattern] = [
    *inbox.urlpatterns,
    *interventions.urlpatterns,
    *runs.urlpatterns,
    *trials.urlpatterns,
    *holding.urlpatterns,
    *board.urlpatterns,
    *away.urlpatterns,
    *audit_log.urlpatterns,
]
