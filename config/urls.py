"""Every address of the product, app by app."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from . import views

urlpatterns = [
    path("", include("stakeholders.urls")),
    path("", include("delivery.urls")),
    path("", include("metrics.urls")),
    path("api/", include("metrics.api_urls")),
    path("", include("teams.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("robots.txt", views.robots, name="robots"),
    path("healthz", views.health, name="health"),
    path("gallery/", views.gallery, name="gallery"),
]
if settings.DEMO:
    from .demo import views as demo

    urlpatterns.insert(0, path("accounts/look-around/", demo.look_around, name="look_around"))

handler400 = "config.views.bad_request"
handler403 = "config.views.forbidden"
handler404 = "config.views.not_found"
handler500 = "config.views.broken"
