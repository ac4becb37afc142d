"""Reads the forms of a page and gives what a browser without script would post of each."""

from __future__ import annotations

from html.parser import HTMLParser

from werkzeug.datastructures import MultiDict


class FormReader(HTMLParser):
    """``forms``: form id → the fields that are posted when nothing was touched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, MultiDict[str, str]] = {}
        self.images: list[str] = []
        self._form: MultiDict[str, str] | None = None
        self._area = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = self.forms[given.get("id", "")] = MultiDict()
        elif tag == "img":
            self.images.append(given["src"])
        elif self._form is None or "name" not in given:
            return
        elif tag == "textarea":
            self._area = given["name"]
            self._form[self._area] = ""
        elif tag == "input" and given.get("type") != "file" and self._is_sent(dict(attrs)):
            self._form.add(given["name"], given.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._form is not None:
            text = self._form[self._area].removeprefix("\n")  # as browsers do
            self._form[self._area] = text.replace("\n", "\r\n")
            self._area = ""
        elif tag == "form":
            self._form = None

    @staticmethod
    def _is_sent(attrs: dict[str, str | None]) -> bool:
        return attrs.get("type") not in ("radio", "checkbox") or "checked" in attrs
