"""Signing in: no sign-up, and a mail with which somebody who was let in chooses a password."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.internal.flows import password_reset
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from .models import User


class AccountAdapter(DefaultAccountAdapter):
    """People are added by an administrator; the page to sign up is closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_password_reset_mail(self, user: AbstractBaseUser, email: str, context: dict[str, Any]) -> None:
        """An invitation to somebody who never had a password, allauth's own mail to everybody else."""
        if user.has_usable_password():
            super().send_password_reset_mail(user, email, context)
        else:
            self.send_mail("teams/email/invitation", email, context)


def send_password_mail(request: HttpRequest, user: User) -> None:
    """Mail a link with which `user` sets a password: allauth's reset flow, with its tokens and its address."""
    password_reset.request_password_reset(request, user.email, [user], default_token_generator)
