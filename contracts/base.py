"""What the five contracts have in common: a mixin for DRF views that fixes the per-view policies.

    class MetastoreAssets(Metastore, AssetViews): ...

The contract comes first, so its policies win; what a view is about comes from the shared viewset.
Nothing that a shared viewset may want to say itself (permissions, resource, queryset) is set here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import parse_http_date_safe
from rest_framework import status
from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from contracts.browsable import BrowsableRenderer
from contracts.conditional import content_etag, is_conditional, is_fresh, not_modified
from contracts.errors import BadRequest, NotFound
from contracts.filtering import ContractFilters
from contracts.parsing import JSONParser
from contracts.problems import STATUSES, Problem, problem_of
from contracts.rendering import JSONRenderer
from contracts.throttling import Rate, Throttle

Schema = dict[str, Any]
"""A piece of an OpenAPI schema."""


class Enveloped(dict[str, Any]):
    """A body that is in its contract's final shape already."""


class Described(SimpleMetadata):
    """What OPTIONS answers: name, description and media types. The fields of bodies are in the OpenAPI schema."""

    def determine_actions(self, request: Request, view: APIView) -> dict[str, Any]:
        return {}


class ContractView(APIView):
    """One contract's way of speaking. Each contract's module documents what its page leaves open."""

    contract: ClassVar[str]
    """The name that routes, tags and errors are grouped by."""
    codes: ClassVar[Mapping[str, str]]
    """The contract's word for each kind of problem (the keys of `problems.STATUSES`)."""
    statuses: ClassVar[Mapping[str, int]] = STATUSES

    parser_classes = [JSONParser]
    renderer_classes = [JSONRenderer, BrowsableRenderer]
    filter_backends: Any = [ContractFilters]
    cache_control: ClassVar[Mapping[str, Any]] = {"private": True, "no_cache": True}
    """For a GET that succeeds; `no_cache` lets a client keep it and asks it to revalidate."""

    takes_anything: ClassVar[Collection[str]] = ()
    """Parameters that hold words to look for, in which no character is wrong."""
    metadata_class = Described
    deleted_status: ClassVar[int] = status.HTTP_204_NO_CONTENT
    """What `deleted` answers with, for the OpenAPI schema."""

    # The shapes ----------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def error_body(cls, problem: Problem, request_id: str) -> dict[str, Any]:
        """The problem in this contract's shape."""

    @classmethod
    @abstractmethod
    def error_schema(cls) -> Schema:
        """What `error_body` answers, as an OpenAPI schema."""

    def envelope(self, data: Any) -> Any:
        """The body of a success, from what the view answered."""
        return data

    def envelope_schema(self, schema: Schema) -> Schema:
        """What `envelope` answers, as an OpenAPI schema, for data of this schema."""
        return schema

    def deleted(self, data: Any = None) -> Response:
        """The answer to a deletion."""
        return Response(status=self.deleted_status)

    @classmethod
    def problem_response(cls, problem: Problem, request: Request | HttpRequest) -> Response:
        body = Enveloped(cls.error_body(problem, str(getattr(request, "request_id", ""))))
        return Response(body, status=cls.statuses[problem.kind], headers=dict(problem.headers))

    # DRF's hooks ---------------------------------------------------------------------------------

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            # DRF takes a body without a length for none at all; the parser reads to the end and no further.
            request.META["CONTENT_LENGTH"] = "1"
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who is asking, then how often, then the rest: also those who fail to sign in are counted."""
        try:
            self.perform_authentication(request)
        except Exception:
            request.user, request.auth = AnonymousUser(), None  # or every later look would try and raise again
            raise
        finally:
            self.check_throttles(request)
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        request.version, request.versioning_scheme = self.determine_version(request, *args, **kwargs)
        self.check_permissions(request)
        if "%00" in request.META.get("QUERY_STRING", ""):
            self._refuse_nul(request)
        if any("\x00" in value for value in kwargs.values() if isinstance(value, str)):
            raise NotFound()

    def _refuse_nul(self, request: Request) -> None:
        """Raises BadRequest where it stands in a parameter that is looked up as it is, or in a parameter's name."""
        for name, values in request.query_params.lists():
            if "\x00" in name:
                raise BadRequest("The query holds a parameter with a NUL character in its name")
            if name not in self.takes_anything and any("\x00" in value for value in values):
                raise BadRequest(fields={name: ["This may not hold a NUL character."]})

    def check_throttles(self, request: Request) -> None:
        """Count the request once in each of the view's throttles; raises RateLimited at the first that is full."""
        for throttle in self.get_throttles():
            if isinstance(throttle, Throttle):
                rate = throttle.take(request)
                if rate is not None:
                    request._request.rate = rate  # type: ignore[attr-defined]
                    rate.check()
            elif not throttle.allow_request(request, self):
                self.throttled(request, throttle.wait() or 1)

    def get_exception_handler(self) -> Any:
        return self._answer_exception

    def _answer_exception(self, error: Exception, context: Mapping[str, Any]) -> Response:
        problem = problem_of(error, self.request)
        response = self.problem_response(problem, self.request)
        if problem.kind == "internal":
            response._has_been_logged = True  # type: ignore[attr-defined]  # with its traceback; Django would again
        if problem.kind == "unauthenticated":
            challenge = self.get_authenticate_header(self.request)
            if challenge:
                response["WWW-Authenticate"] = challenge
        if response.status_code >= 500:
            # Whatever broke, a page around it could break too.
            self.request.accepted_renderer = JSONRenderer()
            self.request.accepted_media_type = JSONRenderer.media_type
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if (
            isinstance(response, Response)
            and not isinstance(response.data, Enveloped)
            and response.data is not None
            and response.status_code < 400
        ):
            response.data = self.envelope(response.data)
        final = super().finalize_response(request, response, *args, **kwargs)
        rate: Rate | None = getattr(request._request, "rate", None)
        if rate is not None:
            for name, value in rate.headers().items():
                final[name] = value
        if request.method in {"GET", "HEAD"} and final.status_code in {200, 304}:
            self._offer_caching(request, final)
        return final

    def _offer_caching(self, request: Request, response: HttpResponseBase) -> None:
        """Cache headers, on a 304 the same as on the whole; an ETag of the content where the view gave none, and 304
        where the client has it."""
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, **self.cache_for(request))
        if "public" in response["Cache-Control"]:
            # What a cache holds for nobody must not be shown to a member, who may see more.
            patch_vary_headers(response, ("Authorization", "X-API-Key", "Cookie"))
        if response.status_code == 304 or not isinstance(response, Response):
            return
        if isinstance(response.accepted_renderer, JSONRenderer):
            response.add_post_render_callback(lambda rendered: _settle(request._request, rendered))

    def cache_for(self, request: Request) -> Mapping[str, Any]:
        """Arguments of `patch_cache_control` for a GET that succeeded."""
        return self.cache_control


def _settle(request: HttpRequest, response: Any) -> HttpResponseBase | None:
    """Give the rendered response a tag; None leaves it, else 304 takes its place."""
    if not response.has_header("ETag"):
        response["ETag"] = content_etag(response.content)
    if not is_conditional(request):
        return None
    modified = parse_http_date_safe(response.get("Last-Modified", ""))
    return not_modified(response) if is_fresh(request, response["ETag"], modified) else None
