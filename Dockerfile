# syntax=docker/dockerfile:1
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock pyproject.toml ./
# uv itself is taken from the lock, by hash.
RUN python -m venv /opt/tools \
 && awk '/^[^ ]/ { keep = /^uv==/ } keep' requirements.lock > /tmp/uv.txt \
 && /opt/tools/bin/pip install --no-cache-dir --require-hashes -r /tmp/uv.txt \
 && python -m venv --without-pip /opt/sisbridge
# The lock as constraint: its versions and hashes, without the tools of tests and lint.
RUN /opt/tools/bin/uv pip install --no-config --no-cache --python /opt/sisbridge/bin/python \
      --constraint requirements.lock -r pyproject.toml \
      --extra quality --extra console --extra postgres --extra airflow --extra airflow-prod \
      --extra notify --extra simulators \
 && /opt/tools/bin/uv pip install --no-config --no-cache --python /opt/tools/bin/python \
      --constraint requirements.lock build hatchling
COPY . .
RUN /opt/tools/bin/python -m build --wheel --no-isolation --outdir /tmp/wheel \
 && /opt/tools/bin/uv pip install --no-config --no-cache --python /opt/sisbridge/bin/python \
      --no-deps /tmp/wheel/*.whl \
 && ln -s "$(/opt/sisbridge/bin/python -c 'import dags; print(dags.__path__[0])')" /opt/sisbridge/dags

FROM python:3.12-slim-bookworm AS app
RUN useradd --uid 50000 --gid 0 --create-home sisbridge \
 && install -d -o sisbridge -g 0 /opt/airflow /opt/airflow/logs /var/lib/sisbridge/landing
COPY --from=build /opt/sisbridge /opt/sisbridge
ENV PATH="/opt/sisbridge/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/sisbridge/dags \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
    GX_ANALYTICS_ENABLED=false
USER sisbridge
WORKDIR /opt/airflow
CMD ["sisbridge", "--help"]

FROM debian:12-slim AS sftp
RUN apt-get update \
 && apt-get install --yes --no-install-recommends openssh-server netcat-openbsd \
 && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*
COPY deploy/sftp/sshd_config /etc/ssh/sisbridge_sshd_config
COPY deploy/sftp/entrypoint.sh /usr/local/bin/sisbridge-sftp
EXPOSE 2222
CMD ["sisbridge-sftp"]

# The last stage is what a plain build makes.
FROM app
