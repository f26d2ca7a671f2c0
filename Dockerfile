# syntax=docker/dockerfile:1
# One image for web, worker, clock and migrate; compose.yaml names the commands.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.lock .
RUN /opt/venv/bin/pip install --require-hashes -r requirements.lock
WORKDIR /srv/foureyes
COPY manage.py pyproject.toml ./
COPY hitl_site hitl_site
COPY reviews reviews
COPY agents_runtime agents_runtime
COPY templates templates
COPY static static
# The values are of this step only; collecting files needs settings that can be read, and no service.
RUN DEBUG=0 SECRET_KEY=collectstatic ALLOWED_HOSTS=localhost SITE_ORIGINS=https://localhost \
    /opt/venv/bin/python manage.py collectstatic --no-input \
 && rm -rf var \
 && /opt/venv/bin/python -m compileall -q hitl_site reviews agents_runtime

FROM python:3.12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /srv/foureyes --shell /usr/sbin/nologin foureyes
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/foureyes /srv/foureyes
WORKDIR /srv/foureyes
RUN install -d -o foureyes -g foureyes var
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DEBUG=0 VAR_DIR=/srv/foureyes/var
USER foureyes
EXPOSE 8000
STOPSIGNAL SIGTERM
# tini passes signals on and buries the dead; `exec` form everywhere, so no shell stands in between.
ENTRYPOINT ["tini", "--"]
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "--application-close-timeout", "5", "hitl_site.asgi:application"]
