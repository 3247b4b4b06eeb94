"""The base of every page in the admin: a tenant's rows only, roles for permissions, services for writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as confirm_deletion
from django.contrib.admin.utils import unquote
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.safestring import SafeString

from accounts.actor import Actor
from accounts.admin_lists import CappedChangeList, CappedPaginator, OrganizationFilter, people_visible_to
from accounts.admin_site import actor_of
from accounts.models import Role, User
from contracts.errors import Conflict, DomainError, Invalid, Stale

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin as StockAdmin
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.admin import ModelAdmin as StockAdmin
    from unfold.views import ChangeList

M = TypeVar("M", bound=models.Model)

BULK_ROWS = 10_000
"""The most rows that one bulk action takes."""


class DomainForm(forms.ModelForm[Any]):
    """A form that shows what a service refused, at the field where it can be mended."""

    refused: ClassVar[DomainError | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = False  # what is stored is what a change is told from

    def _post_clean(self) -> None:
        """Nothing: the instance stays as it is stored, and what a model forbids the service tells in its own words."""

    def full_clean(self) -> None:
        super().full_clean()
        if self.refused is None or not self.is_bound:
            return
        if not isinstance(self.refused, Invalid) or not self.refused.fields:
            self.add_error(self.taken_field(self.refused), self.refused.message)
            return
        for said, problems in self.refused.fields.items():
            field = self.field_of(said)
            for problem in problems:
                self.add_error(field, problem if field else f"{said}: {problem}")

    def taken_field(self, refused: DomainError) -> str | None:
        """The form's field whose value is taken already; None where the refusal is not of that kind."""
        if not isinstance(refused, Conflict) or isinstance(refused, Stale):
            return None
        return next((field for said in refused.details if (field := self.field_of(said))), None)

    def field_of(self, said: str) -> str | None:
        """The form's field for what a service names (`name`, `config.host`, `schema[2].type`); None for none."""
        candidates = (said, said.replace(".", "_"), re.split(r"[.\[]", said, maxsplit=1)[0])
        return next((name for name in candidates if name in self.fields), None)


class TenantAdmin(StockAdmin[M]):
    """Rows that the actor may see; add, change and delete by role; writes through services.

    A subclass says which roles it takes and how to create, update and remove. What a service refuses
    is shown on the form (or as a message), never as an error page.
    """

    form = DomainForm
    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    save_on_top = False
    view_on_site = False
    view_role: ClassVar[Role] = Role.VIEWER
    write_role: ClassVar[Role] = Role.EDITOR
    may_add = may_change = may_delete = True
    secret_fields: ClassVar[tuple[str, ...]] = ()
    """Fields no list may be filtered by through its address: each answer would tell a little of the secret."""
    reader_fieldsets: ClassVar[Any] = None
    """What one sees who may not change a thing, where that differs from the form."""
    actions: Any = ("delete_selected",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CappedChangeList

    # Who may -------------------------------------------------------------------------------------

    def actor(self, request: HttpRequest, obj: Any = None) -> Actor:
        """Who acts; a superuser acts on a thing in the organization that the thing belongs to."""
        actor = actor_of(request)
        organization_id = getattr(obj, "organization_id", None)
        if actor.sees_all and organization_id and organization_id != actor.organization_id:
            return actor.within(obj.organization)
        return actor

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.actor(request).may(self.view_role)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.actor(request).may(self.view_role)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_add and self.actor(request).may(self.write_role)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change and self.actor(request).may(self.write_role)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete and self.actor(request).may(self.write_role)

    # What one sees -------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        visible: QuerySet[M] = self.visible_to(self.actor(request))
        ordering = self.get_ordering(request)
        return visible.order_by(*ordering) if ordering else visible

    def visible_to(self, actor: Actor) -> QuerySet[M]:
        return cast(QuerySet[M], self.model._default_manager.all().visible_to(actor))  # type: ignore[attr-defined]

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        return lookup.partition("__")[0] not in self.secret_fields and super().lookup_allowed(lookup, value, request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only what the actor sees can be chosen, and only that is shown as chosen."""
        related = db_field.remote_field.model
        if related is User:
            kwargs["queryset"] = people_visible_to(self.actor(request))
        elif hasattr(related._default_manager.all(), "visible_to"):
            kwargs["queryset"] = related._default_manager.all().visible_to(self.actor(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_list_filter(self, request: HttpRequest) -> Any:
        chosen = tuple(super().get_list_filter(request))
        has_tenant = any(field.name == "organization" for field in self.model._meta.concrete_fields)
        return (*chosen, OrganizationFilter) if has_tenant and self.actor(request).sees_all else chosen

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = tuple(super().get_list_display(request))
        everywhere = request.GET.get("organization") == "all" and self.actor(request).sees_all
        return (*shown, "organization") if everywhere else shown

    # Writes --------------------------------------------------------------------------------------

    def create(self, actor: Actor, form: Any) -> M:
        raise NotImplementedError

    def update(self, actor: Actor, obj: M, form: Any) -> M:
        """`obj` is as the database has it; what the form changed is in its `cleaned_data`."""
        raise NotImplementedError

    def remove(self, actor: Actor, obj: M) -> None:
        raise NotImplementedError

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and self.reader_fieldsets and not self.has_change_permission(request, obj):
            return self.reader_fieldsets
        return super().get_fieldsets(request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        own = {"refused": getattr(request, "refused", None), "actor": self.actor(request)}
        return type(form.__name__, (form,), own)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Saves; when a service refuses, nothing is kept and the form comes back with what it said."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as error:
            request.refused = error  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context.setdefault("show_save_and_add_another", False)
        if context.get("subtitle") == context.get("title"):
            context["subtitle"] = None  # a thing is named once in the title of its page
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            saved = self.create(self.actor(request), form)
        else:
            stored = self.get_queryset(request).get(pk=obj.pk)
            saved = self.update(self.actor(request, stored), stored, form)
        obj.__dict__.update(saved.__dict__)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the service saved it all."""

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(self.url("change", object_id))

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        self.remove(self.actor(request, obj), obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Only the things themselves: what hangs on them is the service's concern."""
        names = [str(obj) for obj in objs[:100]]
        more = len(objs) - len(names)
        if more > 0:
            names.append(f"… and {more} more")
        return names, {self.opts.verbose_name_plural: len(objs)}, set(), []

    @admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
    def delete_selected(self, request: HttpRequest, queryset: QuerySet[M]) -> Any:
        if not request.POST.get("post"):
            return confirm_deletion(self, request, queryset)
        self.each(request, queryset, partial(self.delete_model, request), "deleted")
        return None

    def each(self, request: HttpRequest, queryset: QuerySet[M], do: Callable[[M], object], done: str) -> int:
        """Do it to each row, and tell how many were done and what was refused."""
        count, refusals = 0, []
        for obj in queryset[:BULK_ROWS]:
            try:
                do(obj)
                count += 1
            except DomainError as error:
                refusals.append(f"{obj}: {error.message}")
        if count:
            one = self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural
            messages.success(request, f"{count} {one} {done}.")
        for refusal in refusals[:5]:
            messages.error(request, refusal)
        if len(refusals) > 5:
            messages.error(request, f"… and {len(refusals) - 5} more were refused.")
        return count

    # The audit trail is the record of who did what; Django's own log would be a second, poorer one.

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return []

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return None

    def show_once(self, request: HttpRequest, what: str, secret: str, *, advice: str, onward: str) -> HttpResponse:
        """A page with a secret that is never shown again, and never stored on the way."""
        context = {
            **self.admin_site.each_context(request),
            "title": what,
            "opts": self.opts,
            "what": what,
            "secret": secret,
            "advice": advice,
            "next": onward,
        }
        return TemplateResponse(request, "cartulary/secret.html", context, headers={"Cache-Control": "no-store"})

    # Own pages below an object -------------------------------------------------------------------

    def url(self, page: str, *args: Any) -> str:
        """The address of one of this model's pages: changelist, add, change, or one of `object_views`."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    def object_views(self) -> dict[str, Callable[[HttpRequest, M], HttpResponse]]:
        """Views below an object's address, by name; each gets the object, which the actor sees."""
        return {}

    def get_urls(self) -> list[Any]:
        prefix = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path(
                f"<path:object_id>/{name.replace('_', '-')}/",
                self.admin_site.admin_view(self._with_object(view, name)),
                name=f"{prefix}_{name}",
            )
            for name, view in self.object_views().items()
        ]
        return own + super().get_urls()

    def _with_object(self, view: Callable[[HttpRequest, M], HttpResponse], name: str) -> Any:
        def wrapped(request: HttpRequest, object_id: str) -> HttpResponse:
            obj = self.get_object(request, unquote(object_id))
            if obj is None or not self.has_view_permission(request, obj):
                raise Http404(f"There is no {self.opts.verbose_name} '{object_id}'")
            try:
                return view(request, obj)
            except DomainError as error:
                messages.error(request, error.message)
                return HttpResponseRedirect(self.url("change", obj.pk))

        wrapped.__name__ = name
        return wrapped


def posted(view: Callable[[HttpRequest, M], HttpResponse]) -> Callable[[HttpRequest, M], HttpResponse]:
    """An object's view that only a POST reaches: it changes something."""

    def guarded(request: HttpRequest, obj: M) -> HttpResponse:
        return view(request, obj) if request.method == "POST" else HttpResponseNotAllowed(["POST"])

    return guarded


def badge(text: str, kind: str = "", *, title: str = "") -> SafeString:
    """A small coloured label; `kind` is one of info, success, warning, danger, primary or empty."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "type": kind, "label_title": title})
