"""The addresses of the desk's sockets."""

from django.urls import URLPattern

websocket_urlpatterns: list[URLPattern] = []
