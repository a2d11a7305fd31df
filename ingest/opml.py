"""OPML files, in which feed readers export what they follow -> the addresses of the feeds."""

from __future__ import annotations

from pathlib import Path

from bot.errors import ReadError
from ingest.read.feed import safe_xml
from ingest.read.limits import read_whole

OPML_BYTES = 10 * 1024**2


def feeds_of_opml(path: Path) -> list[str]:
    """The http(s) addresses of the feeds that an OPML file lists, each once. Raises ReadError where there are none."""
    from lxml import etree

    try:
        with path.open("rb") as stream:
            data = safe_xml(read_whole(stream, OPML_BYTES))
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    except OSError as error:
        raise ReadError(f"{path} cannot be opened ({error.strerror or error}).") from error
    except etree.XMLSyntaxError as error:
        raise ReadError(f"{path} is no OPML: {error.msg}.") from error
    except ReadError as error:
        raise ReadError(f"{path} cannot be read: {error}.") from error
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise ReadError(f"{path} is no OPML file. Read its articles, once, by: newsbot ingest {path}")
    addresses = [node.get("xmlUrl", node.get("xmlurl", "")).strip() for node in root.iter("outline")]
    found = [each for each in dict.fromkeys(addresses) if each.lower().startswith(("http://", "https://"))]
    if not found:
        raise ReadError(f"{path} lists no feed: none of its outlines has an xmlUrl with an http(s) address.")
    return found
