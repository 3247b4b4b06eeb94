"""How users are made and found."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db.models import Q, Value
from django.db.models.functions import Lower

if TYPE_CHECKING:
    from accounts.models import User


class UserManager(DjangoUserManager["User"]):
    """Finds a user by e-mail address or user name, whatever the case."""

    def find_by_login(self, login: str) -> User | None:
        """The user whose e-mail address or user name is `login`; None where there is none.

        An e-mail address goes before a user name that looks like one.
        """
        if not storable(login):
            return None
        wanted = Lower(Value(login))
        found = list(
            self.alias(lower_email=Lower("email"), lower_username=Lower("username")).filter(
                Q(lower_email=wanted) | Q(lower_username=wanted)
            )
        )
        by_email = (user for user in found if user.email.lower() == login.lower())
        return next(by_email, None) or next(iter(found), None)

    def find_by_email(self, email: str) -> User | None:
        return self.alias(lower_email=Lower("email")).filter(lower_email=Lower(Value(email))).first()

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username__iexact=username)


def name_key(name: str) -> str:
    """What two spellings of one name share, in any script."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def storable(text: str) -> bool:
    """Whether a database can hold this text: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
