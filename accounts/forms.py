"""Signing in on a page: the same throttle and the same trail as at every other door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.services.login import sign_in
from contracts.errors import RateLimited, Unauthenticated

if TYPE_CHECKING:
    from django.contrib.auth.forms import AuthenticationForm as Form
else:
    Form = object


class ThrottledSignIn(Form):
    """Laid over an AuthenticationForm: `class LoginForm(ThrottledSignIn, AuthenticationForm)`."""

    user_cache: User | None

    def clean(self) -> dict[str, Any]:
        login, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not login or not password:
            return self.cleaned_data
        meta = self.request.META if self.request else {}
        try:
            user = sign_in(
                login=login,
                password=password,
                address=str(meta.get("REMOTE_ADDR", "")),
                door="admin",
                request_id=str(getattr(self.request, "request_id", ""))[:64],
                allow=self.confirm_login_allowed,
            )
        except Unauthenticated:
            raise self.get_invalid_login_error() from None
        except RateLimited as error:
            raise ValidationError(error.message, code=error.kind) from error
        self.user_cache = user
        return self.cleaned_data
