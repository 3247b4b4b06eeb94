"""The forms of the browsable API that upload files, as a browser with the admin's session sends them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/api/v2/artifacts", {"type": "other", "format": "text", "content": "", "metadata": "", "filename": ""}),
        ("/api/v1/sources", {"organization": "acme", "name": "set", "version": "1.0", "source_type": "protein"}),
    ],
)
def test_a_form_is_sent_with_the_session_and_its_token(bob_member: Any, path: str, fields: dict[str, str]) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(bob_member.user)
    sent = {**fields, "file": SimpleUploadedFile("set.fasta", b">a\nMALW\n")}
    assert browser.post(path, sent, format="multipart").status_code == 403
    page = browser.get(path, HTTP_ACCEPT="text/html").content.decode()
    (token, *_) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    sent["file"] = SimpleUploadedFile("set.fasta", b">a\nMALW\n")
    answer = browser.post(path, {**sent, "csrfmiddlewaretoken": token}, format="multipart")
    assert answer.status_code == 201, answer.content
