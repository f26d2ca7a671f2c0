"""The addresses of policies."""

from django.urls import URLPattern, path

from reviews.web.policies import backtests, editor, lists, page

_one = "policies/<str:slug>/<int:version>/"
urlpatterns: list[URLPattern] = [
    path("policies/", lists.policies, name="policies"),
    path("policies/new/", lists.new_policy, name="new_policy"),
    path(_one, page.policy, name="policy"),
    path(f"{_one}act/", page.act, name="act_on_policy"),
    path(f"{_one}begin/", page.begin, name="begin_policy"),
    path(f"{_one}edit/", editor.edit_policy, name="edit_policy"),
    path(f"{_one}back-test/", backtests.back_test, name="back_test"),
    path(f"{_one}back-test/<str:change>/", backtests.back_test_list, name="back_test_list"),
]
