"""How users are made and found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db.models import Q

if TYPE_CHECKING:
    from accounts.models import User


class UserManager(DjangoUserManager["User"]):
    """Finds a user by e-mail address or user name, whatever the case."""

    def find_by_login(self, login: str) -> User | None:
        """The user whose e-mail address or user name is `login`; None where there is none."""
        return self.filter(Q(email__iexact=login) | Q(username__iexact=login)).first()

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username__iexact=username)
