"""The `iXML` chunk of a WAV: where recorders and editors keep what they know of a file, as XML.

iXML 2.10 (gallery.co.uk/ixml): PROJECT and NOTE are its own, USER holds elements of whoever writes it; here one for
each field of ours, with the field's name in capitals.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from songkit.tags.model import Tags

_VERSION = "2.10"
_MOST_BYTES = 4 << 20
# XML 1.0, 2.2: what no document may hold
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ELEMENT = re.compile("[a-z][a-z0-9_]*")


def ixml(tags: Tags, names: Iterable[str]) -> bytes:
    """The chunk's body with the named fields of the tags in its USER element."""
    root = ElementTree.Element("BWFXML")
    ElementTree.SubElement(root, "IXML_VERSION").text = _VERSION
    for element, field in (("PROJECT", "title"), ("NOTE", "comment")):
        if tags.get(field):
            ElementTree.SubElement(root, element).text = _FORBIDDEN.sub("", tags.get(field))
    user = ElementTree.SubElement(root, "USER")
    for name in filter(_ELEMENT.fullmatch, names):
        ElementTree.SubElement(user, name.upper()).text = _FORBIDDEN.sub("", "; ".join(tags.fields[name]))
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def read_ixml(body: bytes) -> dict[str, tuple[str, ...]]:
    """The fields of the USER element by lower-case name; none where it is damaged, or no such document."""
    if len(body) > _MOST_BYTES or b"<!" in body:  # a document type can make a little text endless
        return {}
    try:
        root = ElementTree.fromstring(body.strip(b"\0 \r\n\t"))
    except (ElementTree.ParseError, ValueError, LookupError):
        return {}
    user = root.find("USER")
    return {} if user is None else {each.tag.lower(): (each.text,) for each in user if each.text and each.text.strip()}
