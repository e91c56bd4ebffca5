"""`manage.py create_administrator EMAIL NAME`: the first person of a new installation, who lets in everybody else."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from teams import actions
from teams.models import Grant, Person, Team, User


class Command(BaseCommand):
    help = (
        "Adds somebody who may sign in, as administrator of the top team (made if there is none). "
        "The password is asked for, or read from the first line of standard input."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("name")
        parser.add_argument("--team", help="the name of the top team, if it has to be made")
        parser.add_argument("--director", action="store_true", help="make them director too: decides and signs")

    def handle(self, *args: Any, **options: Any) -> None:
        email, name = options["email"].strip(), options["name"].strip()
        if User.objects.filter(email__iexact=email).exists() or Person.objects.filter(email__iexact=email).exists():
            raise CommandError(f"{email} is in the records already. Their roles are changed on the pages.")
        user = User(email=email, is_staff=True)
        user.first_name, _, user.last_name = name.partition(" ")
        try:
            validate_email(email)
            password = self._password()
            validate_password(password, user)
        except ValidationError as wrong:
            raise CommandError(" ".join(wrong.messages)) from wrong
        user.set_password(password)
        roles = [Grant.Role.ADMINISTRATOR, *([Grant.Role.DIRECTOR] if options["director"] else [])]
        tops = self._make(user, name, roles, options["team"] or settings.ORGANISATION)
        self.stdout.write(f"{name} may sign in with {email}, as {' and '.join(roles)} of {', '.join(map(str, tops))}.")

    @transaction.atomic
    def _make(self, user: User, name: str, roles: list[Grant.Role], top_name: str) -> list[Team]:
        user.save()
        person = actions.add_person(name=name, email=user.email, by=user)
        person.user = user
        person.save(update_fields=["user"])
        tops = list(Team.objects.filter(parent=None, closed_at=None))
        if not tops:
            tops = [actions.add_team(name=top_name, kind=Team.Kind.GROUP, parent=None, by=user)]
        for team in tops:
            for role in roles:
                actions.grant(person=person, role=role, team=team, by=user)
        return tops

    def _password(self) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\n")
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise CommandError("The two passwords differ. Try again.")
        return password
