"""Reads a page as a browser would: its elements, its text, and what could run or be fetched."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "input", "path", "line", "rect", "br"}


@dataclass
class Element:
    """An element with its attributes and the text directly and indirectly inside."""

    tag: str
    attributes: dict[str, str]
    parents: tuple[str, ...]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """All elements of a page, in order."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    @classmethod
    def of(cls, data: bytes) -> "Page":
        """Read a page."""
        page = cls()
        page.feed(data.decode())
        page.close()
        assert not page._open, f"left open: {[one.tag for one in page._open]}"
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(one.tag for one in self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, ()))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"{tag} closes {self._open[-1].tag}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for one in self._open:
            one.text += data

    def all(self, tag: str, cls: str = "") -> list[Element]:
        """Elements of a tag, and of a class if one is given."""
        found = [one for one in self.elements if one.tag == tag]
        return [one for one in found if not cls or cls in one.attributes.get("class", "").split()]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only element of that tag with these attributes."""
        (found,) = [e for e in self.all(tag) if attributes.items() <= e.attributes.items()]
        return found

    @property
    def text(self) -> str:
        """What is to be read."""
        return " ".join(self.one("body").text.split())
