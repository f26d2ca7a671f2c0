"""The addresses of the desk's sockets."""

from django.urls import URLPattern, path

from reviews.web.consumers import BoardConsumer, InboxConsumer, RunConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/inbox/", InboxConsumer.as_asgi()),  # type: ignore[arg-type]  # an ASGI application, not a view
    path("ws/board/", BoardConsumer.as_asgi()),  # type: ignore[arg-type]
    path("ws/runs/<uuid:run_id>/", RunConsumer.as_asgi()),  # type: ignore[arg-type]
]
