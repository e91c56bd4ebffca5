# One image for web, worker, beat and migrations; which of them it is, the command says. See docs/operations.md.

FROM python:3.11-slim AS build
# some packages have no wheel for every processor, and are built from source there
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev make \
 && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/plumbline
COPY requirements.lock /tmp/
RUN /opt/plumbline/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.lock


FROM python:3.11-slim
# git and ssh read the repositories of plain-Git sources
RUN apt-get update \
 && apt-get install -y --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --create-home --shell /usr/sbin/nologin plumbline \
 && install -d -o plumbline -g plumbline /data /data/clones /data/beat /data/cache
COPY --from=build /opt/plumbline /opt/plumbline
WORKDIR /app
COPY . .

ENV PATH=/opt/plumbline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    STATIC_ROOT=/app/staticfiles \
    PLUMBLINE_CLONES=/data/clones \
    PLUMBLINE_CACHE=/data/cache \
    BEAT_FILE=/data/beat/schedule

# settings for this one step; they are in no layer's environment and protect nothing
RUN DEBUG=0 SECRET_KEY=only-to-collect-static-files python manage.py collectstatic --noinput --verbosity 0

USER plumbline
EXPOSE 8000
# the web process answers to its own names only, so the question has to carry one of them
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s --retries=3 CMD ["python", "-c", "\
import os, urllib.request as web; \
name = os.environ.get('ALLOWED_HOSTS', '').split(',')[0].strip().lstrip('*.') or 'localhost'; \
web.urlopen(web.Request('http://127.0.0.1:' + os.environ.get('PORT', '8000') + '/healthz', headers={'Host': name}), timeout=5)"]
# each line of the Procfile begins with exec, so that the process gets the signals itself
CMD ["sh", "-c", "eval \"$(sed -n 's/^web: //p' Procfile)\""]
