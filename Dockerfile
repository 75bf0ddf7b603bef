# syntax=docker/dockerfile:1
# The CPU image: docker build --tag position-benchmark . (docs/install.md says how to run it).
FROM python:3.11-slim AS build
WORKDIR /source
RUN python -m venv /venv
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY benchmark benchmark
RUN /venv/bin/pip install --no-cache-dir --constraint constraints.txt \
    --extra-index-url https://download.pytorch.org/whl/cpu .

FROM python:3.11-slim
COPY --from=build /venv /venv
# HOME: for caches, also if the container runs as a user that the image does not know (docker run --user).
ENV PATH=/venv/bin:$PATH HOME=/tmp
RUN useradd --uid 1000 --no-create-home benchmark && install --directory --owner benchmark /work
USER 1000
WORKDIR /work
ENTRYPOINT ["python", "-m", "benchmark"]
CMD ["--help"]
