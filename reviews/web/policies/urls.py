"""The addresses of policies."""

from django.urls import URLPattern, path

from reviews.web.policies import agreeing, backtests, calendars, editor, limits, lists, page

_one = "policies/<str:slug>/<int:version>/"
urlpatterns: list[URLPattern] = [
    path("policies/", lists.policies, name="policies"),
    path("policies/new/", lists.new_policy, name="new_policy"),
    path("time-limits/", limits.time_limits_list, name="time_limits"),
    path("time-limits/new/", limits.new_time_limit, name="new_time_limit"),
    path("time-limits/<str:slug>/<int:version>/", limits.time_limit, name="time_limit"),
    path("time-limits/<str:slug>/<int:version>/enable/", limits.enable_time_limit, name="enable_time_limit"),
    path(
        "time-limits/<str:slug>/<int:version>/answer/",
        agreeing.answer,
        {"kind": "time_limit"},
        name="answer_time_limit",
    ),
    path("calendars/<str:slug>/<int:version>/answer/", agreeing.answer, {"kind": "calendar"}, name="answer_calendar"),
    path("calendars/", calendars.calendars, name="calendars"),
    path("calendars/new/", calendars.write_calendar, name="new_calendar"),
    path("calendars/<str:slug>/<int:version>/", calendars.calendar, name="calendar"),
    path("calendars/<str:slug>/<int:version>/write/", calendars.write_calendar, name="write_calendar"),
    path(_one, page.policy, name="policy"),
    path(f"{_one}act/", page.act, name="act_on_policy"),
    path(f"{_one}begin/", page.begin, name="begin_policy"),
    path(f"{_one}edit/", editor.edit_policy, name="edit_policy"),
    path(f"{_one}back-test/", backtests.back_test, name="back_test"),
    path(f"{_one}back-test/<str:change>/", backtests.back_test_list, name="back_test_list"),
]
