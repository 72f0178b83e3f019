# One image for every process: `docker run IMAGE api`, `engine`, `worker`, `beat`, or any other `masteria` command.
#
# The base is pinned by its tag, so that a rebuild brings the security updates of that line. A digest pins harder and
# could not be known where this was written: where images are mirrored, name it here (python:TAG@sha256:…).
FROM python:3.11-slim-trixie AS base

FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /build

# What builds stays in this stage: pip brings the pinned uv, uv brings everything else, each file held to its hash.
COPY requirements/bootstrap.txt requirements/
RUN python -m venv tools \
    && tools/bin/pip install --quiet --no-deps --require-hashes -r requirements/bootstrap.txt
COPY requirements/build.lock requirements/
RUN tools/bin/uv pip install --python tools/bin/python --no-deps --no-build --require-hashes -r requirements/build.lock

# The embedded servers and the developers' tools are left out. Wheels only: no package runs code while it is installed.
COPY requirements/base.lock requirements/api.lock requirements/model.lock requirements/staff.lock requirements/
RUN python -m venv --without-pip /opt/masteria \
    && tools/bin/uv pip install --python /opt/masteria/bin/python --no-deps --no-build --compile-bytecode \
        --require-hashes -r requirements/base.lock -r requirements/api.lock -r requirements/model.lock \
        -r requirements/staff.lock

# Ours comes last, because it changes most; it needs no network.
COPY pyproject.toml README.md ./
COPY core core
COPY knowledge knowledge
COPY agents agents
COPY channels channels
COPY graphs graphs
COPY automation automation
COPY admin_api admin_api
COPY evals evals
COPY sandbox sandbox
RUN tools/bin/uv build --wheel --offline --no-build-isolation --python tools/bin/python --out-dir dist . \
    && tools/bin/uv pip install --python /opt/masteria/bin/python --no-deps --offline --compile-bytecode dist/*.whl

FROM base
# The home is open to any user id, because compose runs us as whoever owns the secret files; what we put there is not.
RUN groupadd --gid 10001 masteria \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin masteria \
    && install --directory --mode=1777 /var/lib/masteria
COPY --from=build /opt/masteria /opt/masteria
ENV PATH=/opt/masteria/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    HOME=/tmp \
    MASTERIA_HOME=/var/lib/masteria
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 8000

# No init process is needed as PID 1: the command becomes the process by exec, each process handles SIGTERM itself
# (it drains for MASTERIA_DRAIN_SECONDS and ends), and the only one with children, the worker, waits for its own.
# The health check belongs to the process that is run, hence to docker-compose.yml: `masteria health PROCESS`.
ENTRYPOINT ["masteria"]
CMD ["--help"]
