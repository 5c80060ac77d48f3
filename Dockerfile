# The image of the operator, of the courier in every pod of a step, of libretto-store, and of agents with `process`.
# A release pins both FROM lines by digest. No heredoc below, so that every builder of the last years takes it.

FROM docker.io/library/python:3.13-slim-trixie AS dependencies

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/operator.txt /build/requirements/operator.txt
# Hashes of the lock are checked; nothing is compiled here and nothing runs that a package brings along. Byte code without
# times: an image of the same sources has the same layers, and no start has to look at a source file.
RUN python -m venv --without-pip /opt/libretto \
    && python -m pip --python /opt/libretto/bin/python install --require-hashes --only-binary :all: --no-deps \
        -r /build/requirements/operator.txt \
    && /opt/libretto/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/libretto/lib

# Our own code is a layer of its own: an upgrade that changes no dependency pulls a few hundred kilobytes.
FROM dependencies AS code

COPY requirements/dev.txt /build/requirements/dev.txt
# The build backend and what it needs come from the lock as well; if one is forgotten here, pip refuses.
RUN awk '/^[a-z]/ {wanted = /^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/} wanted' \
        /build/requirements/dev.txt > /build/backend.txt \
    && python -m pip install --require-hashes --only-binary :all: -r /build/backend.txt
COPY pyproject.toml README.md LICENSE /build/
COPY controller /build/controller
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /build/wheel /build \
    && python -m pip --python /opt/libretto/bin/python install --no-deps --no-index --prefix /code /build/wheel/*.whl \
    && /opt/libretto/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /code/lib

FROM docker.io/library/python:3.13-slim-trixie

LABEL org.opencontainers.image.title="Libretto" \
    org.opencontainers.image.description="Plays orchestrations kept in Git, and proves afterwards what was played." \
    org.opencontainers.image.licenses="Apache-2.0"

# Python's image comes without byte code of the standard library; on a read-only root every start would compile it again.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git openssh-client \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
    && groupadd --gid 65532 libretto \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin libretto \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash -x 'site-packages|/test/|/idlelib/|/turtledemo/' \
        "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

COPY --from=dependencies /opt/libretto /opt/libretto
COPY --from=code /code /opt/libretto

# Nothing is written but below /tmp, where a volume is mounted.
ENV PATH=/opt/libretto/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp LANG=C.UTF-8
WORKDIR /tmp
USER 65532:65532
# Metrics and probes; results of steps.
EXPOSE 8080 8090

CMD ["python", "-m", "controller.entrypoints.operator"]
