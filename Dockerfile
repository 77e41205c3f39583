# syntax=docker/dockerfile:1
# Two stages: the packages are installed, with their hashes checked, where compilers may be; the server runs without.
FROM python:3.12-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.lock /tmp/requirements.lock
RUN /venv/bin/python -m pip install --require-hashes -r /tmp/requirements.lock

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    LOG_FORMAT=json \
    DATABASE_URL=sqlite:////data/sheetgpt.db \
    FILES_DIR=/data/files \
    MAIL_DIR=/data/mail
RUN useradd --system --uid 10001 --user-group --home-dir /data --create-home sheetgpt
COPY --from=packages /venv /venv
WORKDIR /app
COPY app.py backups.py checks.py errors.py hosting.py keys.py personal_data.py preflight.py ./
COPY assembly assembly
COPY assistant assistant
COPY auth auth
COPY commands commands
COPY db db
COPY execution execution
COPY integrations integrations
COPY jobs jobs
COPY resolvers resolvers
COPY schema schema
COPY settings settings
COPY tables tables
COPY telemetry telemetry
COPY transport transport
# Compiled once here, as the user of the server cannot write beside the sources.
RUN python -m compileall -q .
USER 10001:10001
VOLUME /data
EXPOSE 8000
# Longer than DRAIN_SECONDS must pass between the signal and the end: see stop_grace_period in compose.yaml.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as request; request.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health\", timeout=8)"]
ENTRYPOINT ["python", "app.py"]
