"""The door for a WSGI server: `gunicorn config.wsgi`."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from config.guard import refuse_sample_accounts  # noqa: E402 (needs Django set up)

refuse_sample_accounts()
get_resolver().url_patterns  # noqa: B018 (loads every view now, so that the first visitor does not wait for it)
gc.collect()
gc.freeze()  # what is loaded stays: looking through it again and again held every request up for a tenth of a second
