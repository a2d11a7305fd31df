# syntax=docker/dockerfile:1
# newsbot in a container: the first stage prepares the models, which takes torch; what runs has none.
#   docker build -t newsbot .
#   docker run --rm -p 127.0.0.1:8080:8080 -e NEWSBOT_SERVER_TOKEN=... -v news:/data newsbot
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS models
# An index with CPU builds of torch, given with --build-arg, makes this stage some gigabytes smaller.
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 NEWSBOT_CACHE_DIR=/models
WORKDIR /build
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY . .
RUN pip install --no-deps .
# The demo prepares the models, and shows that they answer: a build whose answers fail ends here.
RUN newsbot demo --data /tmp/demo && rm -f /models/models/*/fp32.onnx

FROM python:${PYTHON}-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements.txt requirements-dev.txt container/without.txt container/extras.txt ./
# The pins without what only preparing, training and a Kubernetes client need, and with those of the extras.
RUN grep -vxf without.txt requirements.txt > run.txt \
    && grep -xf extras.txt requirements-dev.txt >> run.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --no-deps -r run.txt
COPY . .
RUN /venv/bin/pip install --no-deps .

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="newsbot" \
      org.opencontainers.image.description="Answers questions about a news corpus with cited, dated, verbatim passages." \
      org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin newsbot \
    && install -d -o newsbot -g newsbot /data
COPY --from=packages /venv /venv
COPY --from=models --chown=10001:10001 /models /models
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 \
    NEWSBOT_DATA_DIR=/data NEWSBOT_CACHE_DIR=/models NEWSBOT_SERVER_HOST=0.0.0.0 NEWSBOT_SERVER_PORT=8080
USER 10001
WORKDIR /home/newsbot
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health', timeout=8)"]
ENTRYPOINT ["newsbot"]
CMD ["serve"]
