# One image; the command chooses the role: `serve` (the default), `keys`, `import`, `export`, ...
FROM python:3.12-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/inventory-gateway
COPY pyproject.toml README.md constraints.txt ./
COPY gateway gateway
COPY schema schema
COPY connectors connectors
RUN /opt/inventory-gateway/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt .

FROM python:3.12-slim-bookworm
# The private mongod is linked against libcurl. It is published for x86-64 only: elsewhere set GATEWAY_MONGODB_URI.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libcurl4 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin gateway \
    && install --directory --owner=gateway --group=gateway --mode=0700 /data
COPY --from=build /opt/inventory-gateway /opt/inventory-gateway
ENV PATH=/opt/inventory-gateway/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GATEWAY_ENVIRONMENT=production \
    GATEWAY_HOST=0.0.0.0 \
    GATEWAY_WORKER_PORT=8080 \
    GATEWAY_DATA_DIR=/data
USER gateway
# The private database and the generated secret key.
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Liveness only, of `serve` and `worker` alike: a database that is away is no reason to restart the gateway. Load
# balancers ask /readyz.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["inventory-gateway"]
CMD ["serve"]
