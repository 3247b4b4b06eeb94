"""The admin site: who sits at it, in which organization, and how to change the organization."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import F, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.module_loading import import_string

from accounts.actor import ANONYMOUS, Actor, member_actor, superuser_actor
from accounts.models import Membership, Organization, Role, User
from accounts.services import choose_password, sign_in
from contracts.errors import DomainError

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite as StockSite
    from django.contrib.admin.forms import AdminAuthenticationForm as StockLoginForm
    from django.contrib.admin.forms import AdminPasswordChangeForm as StockPasswordForm
else:
    from unfold.forms import AdminOwnPasswordChangeForm as StockPasswordForm
    from unfold.forms import AuthenticationForm as StockLoginForm
    from unfold.sites import UnfoldAdminSite as StockSite

DOOR = "admin"
SESSION_ORGANIZATION = "organization"
CHOICES_SHOWN = 20
"""How many organizations the switcher lists; the others are found on the Organizations page."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a session sits: as whom it acts, where, and where else it might."""

    actor: Actor
    organization: Organization | None
    choices: Sequence[Organization]


NOBODY = Seat(ANONYMOUS, None, ())


def seat_of(request: HttpRequest) -> Seat:
    """The seat of the session behind a request; worked out once per request, with one or two queries."""
    seat: Seat | None = getattr(request, "admin_seat", None)
    if seat is None:
        seat = _find_seat(request)
        request.admin_seat = seat  # type: ignore[attr-defined]
    return seat


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in the admin: a superuser sees all organizations, a member only the one of the session."""
    return seat_of(request).actor


def _find_seat(request: HttpRequest) -> Seat:
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return NOBODY
    request_id = str(getattr(request, "request_id", ""))
    chosen = str(request.session.get(SESSION_ORGANIZATION, ""))
    if user.is_superuser:
        organizations, organization = _superusers_choice(user, chosen)
        return Seat(superuser_actor(user, organization, door=DOOR, request_id=request_id), organization, organizations)
    if not user.is_staff:
        return NOBODY
    memberships = list(Membership.objects.select_related("user", "organization").filter(user=user))
    if not memberships:
        return NOBODY
    membership = next((m for m in memberships if str(m.organization_id) == chosen), memberships[0])
    actor = member_actor(membership, door=DOOR, request_id=request_id)
    return Seat(actor, membership.organization, [m.organization for m in memberships])


def _superusers_choice(user: User, chosen: str) -> tuple[list[Organization], Organization | None]:
    """The superuser's own organizations first, then the oldest (as `session_actor` picks); and the one chosen."""
    joined = Membership.objects.filter(user=user, organization=OuterRef("pk")).values("created_at")[:1]
    order = F("joined").asc(nulls_last=True)
    organizations = list(
        Organization.objects.annotate(joined=Subquery(joined)).order_by(order, "created_at")[:CHOICES_SHOWN]
    )
    for organization in organizations:
        if str(organization.pk) == chosen:
            return organizations, organization
    elsewhere = Organization.objects.filter(pk=chosen).first() if chosen else None
    return organizations, elsewhere or (organizations[0] if organizations else None)


# What the settings name as callbacks --------------------------------------------------------------


def subheader(request: HttpRequest) -> str:
    """Below the site's name: the organization the session acts in."""
    seat = seat_of(request)
    return seat.organization.name if seat.organization else "No organization yet"


def switcher(request: HttpRequest) -> list[dict[str, Any]]:
    """The organizations to switch to, empty when there is no choice."""
    seat = seat_of(request)
    if len(seat.choices) < 2:
        return []
    current = seat.organization.pk if seat.organization else None
    items: list[dict[str, Any]] = [
        {"title": choice.name, "link": str(choice.pk), "icon": "check" if choice.pk == current else "apartment"}
        for choice in seat.choices
    ]
    return items


def badge(request: HttpRequest) -> list[str] | None:
    """The label at the top right: what one may do here."""
    actor = actor_of(request)
    if actor.kind == "anonymous":
        return None
    if actor.sees_all:
        return ["Superuser", "warning"]
    return [Role(actor.role).label if actor.role else "", "info"]


def sees_people(request: HttpRequest) -> bool:
    """Whether the people of an organization are this session's business."""
    return actor_of(request).may(Role.ADMIN)


def sees_all(request: HttpRequest) -> bool:
    """Whether this session is a superuser's, who looks after the installation itself."""
    return actor_of(request).sees_all


class LoginForm(StockLoginForm):
    """Signs in with the e-mail address or the user name; says so, and says why when one may not come in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        username = self.fields["username"]
        username.label = "E-mail address or user name"
        if isinstance(username, forms.CharField):
            username.max_length = 254
            username.widget.attrs["maxlength"] = 254

    def clean(self) -> dict[str, Any]:
        """Through the service that every door signs in with: it counts failures and keeps the trail."""
        login, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if login and password and self.request is not None:
            try:
                self.user_cache = sign_in(
                    login=login,
                    password=password,
                    address=getattr(self.request, "client_address", ""),
                    door=DOOR,
                    request_id=str(getattr(self.request, "request_id", "")),
                )
            except DomainError as error:
                raise ValidationError(error.message, "invalid_login") from error
            self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if not user.is_superuser and not Membership.objects.filter(user=user).exists():
            raise ValidationError("You belong to no organization yet. Ask an administrator to add you.", "no_seat")


class OwnPasswordForm(StockPasswordForm):
    """One's own password, through the service: it checks the strength and ends all other sessions and tokens."""

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                chosen = choose_password(actor=self.actor, user=self.user, password=cleaned["new_password1"])
            except DomainError as error:
                raise ValidationError(error.message, "refused") from error
            self.user.password = chosen.password
        return cleaned

    def save(self, commit: bool = True) -> Any:
        return self.user


class OwnPasswordView(PasswordChangeView):
    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "actor": actor_of(self.request)}


class CatalogSite(StockSite):
    """unfold's site with a seat: what a session may do comes from its role, not from Django's permissions."""

    site_header = "Cartulary"
    index_title = "Dashboard"

    def has_permission(self, request: HttpRequest) -> bool:
        return actor_of(request).kind != "anonymous"

    def get_urls(self) -> list[Any]:
        own: list[URLPattern] = [
            path("organization/", self.admin_view(self.switch_organization), name="switch_organization"),
        ]
        return own + super().get_urls()

    def switch_organization(self, request: HttpRequest) -> HttpResponse:
        """Act in another of the organizations one may choose from."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        wanted, seat = request.POST.get("organization", ""), seat_of(request)
        allowed = (
            Organization.objects.all()
            if seat.actor.sees_all
            else Organization.objects.filter(pk__in=[choice.pk for choice in seat.choices])
        )
        try:
            organization = allowed.filter(pk=wanted).first()
        except ValidationError:
            organization = None
        if organization is None:
            messages.error(request, "There is no such organization.")
        else:
            request.session[SESSION_ORGANIZATION] = str(organization.pk)
            messages.success(request, f"You now act in {organization.name}.")
        return HttpResponseRedirect(reverse("admin:index"))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        view = OwnPasswordView.as_view(
            success_url=reverse("admin:password_change_done"),
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return view(request)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What Ctrl-K finds: the catalog's own search, then the pages. Never cached: it follows the seat."""
        started = time.perf_counter()
        term = request.GET.get("s", "").strip()
        if not term:
            return HttpResponse()
        find = import_string(settings.UNFOLD["COMMAND"]["search_callback"])
        results = [*find(request, term), *self._pages_named(request, term)]
        pages = Paginator(results, max(1, len(results)))
        context = {
            "results": pages.page(1),
            "page_obj": pages,
            "page_counter": 0,
            "execution_time": time.perf_counter() - started,
        }
        template = "unfold/helpers/command_results.html"
        return TemplateResponse(request, template, context, headers={"HX-Trigger": "search"})

    def _pages_named(self, request: HttpRequest, term: str) -> list[dict[str, str]]:
        return [
            {"title": str(model["name"]), "description": str(app["name"]), "link": model["admin_url"], "icon": "list"}
            for app in self.get_app_list(request)
            for model in app["models"]
            if term.lower() in str(model["name"]).lower() and model["admin_url"]
        ]
