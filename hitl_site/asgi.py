"""What the web server calls: Django for pages, Channels for websockets that come from our own pages."""

import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_site.settings")
pages = get_asgi_application()  # sets Django up; what follows needs models

from hitl_site import patience  # noqa: E402
from hitl_site.lines import Quietly  # noqa: E402
from reviews.web.routing import websocket_urlpatterns  # noqa: E402

patience.lose_after(settings.FOUREYES_DATABASE_PATIENCE)
sockets = URLRouter(websocket_urlpatterns)  # type: ignore[arg-type]  # Channels' stubs do not know Django's own type
application = ProtocolTypeRouter(
    {
        "http": pages,
        # Whole origins: Channels' check by host alone would also trust other ports of the machine, and plain http.
        "websocket": Quietly(OriginValidator(AuthMiddlewareStack(sockets), settings.SITE_ORIGINS)),
    }
)
