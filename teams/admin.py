"""The office's view of teams, people, memberships, roles and log-ins: to look things up and put names right.

Whatever has rules (the shape of the tree, time in a team, roles) is read-only here and changed on the pages, which go
through `actions.py`. Nothing can be deleted. Staff who govern a top team may look; the installer may do everything.
"""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from . import access, actions
from .access import Right
from .models import Grant, Membership, Person, Team, User

admin.site.unregister(Group)  # roles are grants over a team
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # the one way in, second step too


class OfficeAdmin(ModelAdmin):
    """Staff with the right to give roles over a top team may look at everything; nobody deletes."""

    list_per_page = 50
    warn_unsaved_form = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return in_the_office(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return in_the_office(request)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **options)
        except actions.ActionError as refusal:
            messages.error(request, str(refusal))
            return redirect(request.get_full_path())


class RecordAdmin(OfficeAdmin):
    """Only to look at: the pages write it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class RecordInline(TabularInline):
    extra = 0
    can_delete = False
    show_change_link = True

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return in_the_office(request)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def in_the_office(request: HttpRequest) -> bool:
    user = request.user
    if not (user.is_active and user.is_staff):
        return False
    return access.teams(user, Right.ACCESS).filter(parent=None).exists() or user.is_superuser


class MembershipInline(RecordInline):
    model = Membership
    fields = ("person", "team", "role", "level", "started_on", "ended_on", "end_reason")
    readonly_fields = fields


class GrantInline(RecordInline):
    model = Grant
    fields = ("person", "team", "role", "granted_at", "granted_by", "revoked_at")
    readonly_fields = fields


class SubTeamInline(RecordInline):
    model = Team
    fk_name = "parent"
    verbose_name_plural = "teams in it"
    fields = ("name", "kind", "about", "closed_at")
    readonly_fields = fields


class TeamForm(forms.ModelForm):
    """Looks at the team above too, although it cannot be changed here: a name is used once in a group."""

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"parent"}  # type: ignore[misc]  # not in the stubs


@admin.register(Team)
class TeamAdmin(OfficeAdmin):
    form = TeamForm
    list_display = ("name", "kind_shown", "parent", "about", "position", "is_open")
    list_filter = ("kind", ("closed_at", admin.EmptyFieldListFilter), "is_sample")
    list_select_related = ("parent",)
    search_fields = ("name", "slug", "about")
    fields = ("name", "kind", "about", "position", "parent", "slug", "is_sample", "closed_at", "closed_by")
    readonly_fields = ("parent", "slug", "is_sample", "closed_at", "closed_by")
    inlines = (SubTeamInline, MembershipInline, GrantInline)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return in_the_office(request)

    @display(description="kind")
    def kind_shown(self, team: Team) -> str:
        return team.kind_name

    @display(description="open", boolean=True)
    def is_open(self, team: Team) -> bool:
        return team.closed_at is None

    def save_model(self, request: HttpRequest, team: Team, form: Any, change: bool) -> None:
        actions.edit_team(
            team=team,
            name=team.name,
            kind=team.kind,
            about=team.about,
            position=team.position,
            by=request.user,  # type: ignore[arg-type]  # somebody signed in, or nobody comes here
        )


@admin.register(Person)
class PersonAdmin(OfficeAdmin):
    list_display = ("name", "email", "title", "signs_in")
    list_filter = (("user", admin.EmptyFieldListFilter), "is_sample")
    list_select_related = ("user",)
    search_fields = ("name", "email", "title")
    fields = ("name", "email", "title", "user", "is_sample", "created_at", "created_by")
    readonly_fields = ("user", "is_sample", "created_at", "created_by")
    inlines = (MembershipInline, GrantInline)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return in_the_office(request) and (obj is None or access.governs(request.user, obj))  # type: ignore[arg-type]  # somebody signed in, or nobody comes here

    @display(description="signs in", boolean=True)
    def signs_in(self, person: Person) -> bool:
        return person.user is not None and person.user.is_active

    def save_model(self, request: HttpRequest, person: Person, form: Any, change: bool) -> None:
        actions.edit_person(
            person=person,
            name=person.name,
            email=person.email,
            title=person.title,
            by=request.user,  # type: ignore[arg-type]  # somebody signed in, or nobody comes here
        )


@admin.register(Membership)
class MembershipAdmin(RecordAdmin):
    list_display = ("person", "team", "role", "level_shown", "started_on", "ended_on", "end_shown", "regretted")
    list_filter = ("level", "end_reason", "regretted", ("ended_on", admin.EmptyFieldListFilter))
    list_select_related = ("person", "team")
    search_fields = ("person__name", "team__name", "role")
    autocomplete_fields = ("person", "team")
    date_hierarchy = "started_on"

    @display(description="level", ordering="level")
    def level_shown(self, membership: Membership) -> str:
        return membership.level_name

    @display(description="why ended", ordering="end_reason")
    def end_shown(self, membership: Membership) -> str:
        return membership.end_name


@admin.register(Grant)
class GrantAdmin(RecordAdmin):
    list_display = ("person", "role_shown", "team", "granted_at", "granted_by", "revoked_at", "revoked_by")
    list_filter = ("role", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("person", "team", "granted_by", "revoked_by")
    search_fields = ("person__name", "team__name")
    autocomplete_fields = ("person", "team")

    @display(description="role", ordering="role")
    def role_shown(self, grant: Grant) -> str:
        return grant.role_name


@admin.register(User)
class UserAdmin(DjangoUserAdmin, OfficeAdmin):
    """Log-ins. They are made and shut on a person's page; here the installer sets a password or makes staff."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("email",)
    list_display = ("email", "person_shown", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "is_sample")
    list_select_related = ("person",)
    search_fields = ("email", "first_name", "last_name", "person__name")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("What it may do", {"fields": ("is_active", "is_staff", "is_superuser", "is_sample")}),
        ("When", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("email", "is_active", "is_sample", "last_login", "date_joined")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    @display(description="person")
    def person_shown(self, user: User) -> str:
        return str(getattr(user, "person", "")) or "–"
