"""Says which article an article is: canonical addresses, article ids, content hashes, passage ids.

Values in, values out.

All ids are cut from SHA-256 over a canonical form, so they are the same on every machine and in every run.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import unicodedata
from functools import lru_cache
from operator import attrgetter
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from bot.errors import ReadError
from bot.schema import Article

ID_CHARS = 16
"""Hexadecimal characters of an article id: 64 bits, so a million articles collide with a chance of 3 in 10^8."""

URL_CHARS_MAX = 4_096
"""Longer than any real article's address; beyond this it is data that slipped into the field."""

ROUNDS_MAX = 8

_TRACKING_PREFIXES = (
    "utm_", "at_", "mc_", "pk_", "mtm_", "matomo_", "piwik_", "ns_", "_hs", "hsa_", "fb_", "ga_", "gaa_", "guce_",
    "oly_", "__twitter_", "soc_", "wt_", "wt.", "xtor", "trk_", "sc_c", "asc_",
)  # fmt: skip
_TRACKING_NAMES = frozenset(
    """
    fbclid gclid gclsrc dclid gbraid wbraid _ga _gl msclkid yclid twclid ttclid li_fat_id igshid igsh mkt_tok epik
    rb_clickid s_cid s_kwcid scid wickedid vero_id vero_conv _openstat spm ncid ocid cvid cmpid cmp icid icmp intcid
    intcmp campaign_id emc ref ref_src ref_url referrer referer refsrc smid smtyp smprod mod srnd sref taid itid fsrc
    maca ito sh sr_share __source __tn__ ftag partner guccounter feedtype feedname traffic_source spref share
    share_from sharetype origin_referrer xtref xtcr wtmc _branch_match_id _branch_referrer nl nlid newsletter_id
    user_email_address rss amp outputtype
    """.split()  # noqa: SIM905  a paragraph of names reads better than a list of quotes
)
"""Query parameters that say how a reader came, never what is read. `id`, `p`, `cid`, `story`, `page` and the like
identify articles on some sites and so are not here, though some sites track with them."""

_MOBILE_HOST = re.compile(r"^(?:www|m|mobile|amp)\.(?=[^.]+\.[^.]+)")
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "gov", "gob", "ac", "edu", "or", "ne", "go"})
_WRAPPED = (
    re.compile(r"^https?://(?:www\.)?google\.[a-z.]+/amp/(?P<s>s/)?(?P<rest>.+)$", re.I),
    re.compile(r"^https?://[a-z0-9-]+\.cdn\.ampproject\.org/[a-z]/(?P<s>s/)?(?P<rest>.+)$", re.I),
    re.compile(r"^https?://web\.archive\.org/web/\d{4,14}(?:[a-z]{2}_)?/(?P<s>)(?P<rest>.+)$", re.I),
)
"""AMP caches and the Internet Archive carry the publisher's own address in their path."""

_AMP_TAIL = re.compile(r"(?:/amp|/amp\.html?|\.amp|\.amp\.html?)$", re.I)
_INDEX_TAIL = re.compile(r"/(?:index|default)\.html?$", re.I)
_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?]*", re.I)
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_OTHER_FIELDS = attrgetter("source", "published", "published_at", "authors", "language", "section", "credits")
_PATH_SAFE = "!$&'()*+,;=:@/~-._%"


@lru_cache(maxsize=1024)  # an article on its way into the corpus is asked for its address three times
def canonical_url(url: str) -> str:
    """The one spelling under which an article's address is known; a key, not necessarily a link that opens.

    http and https, with and without "www." or "m.", with and without a trailing slash or "index.html", the AMP
    page and the page, and any tracking parameters give the same key. The rest of the query is kept, sorted;
    upper and lower case of the path is kept, since servers may tell them apart.

    Raises ReadError where `url` is not an http(s) address with a host.
    """
    canonical = _canonical_once(url)
    for _ in range(ROUNDS_MAX):  # what an odd address unwraps to may need another round
        before, canonical = canonical, _canonical_once(canonical)
        if before == canonical:
            return canonical
    raise ReadError(f"The address has too many addresses inside: {url[:200]}")


def article_id(article: Article) -> str:
    """16 lower-case hexadecimal characters: by the canonical address, or without one by title and text.

    Case, white space and punctuation of title and text do not matter then. Raises ReadError for a bad address.
    """
    if article.url:
        return _digest("url", canonical_url(article.url))[:ID_CHARS]
    return _digest("content", _plain(article.title), _plain(article.text))[:ID_CHARS]


def content_hash(article: Article) -> str:
    """32 lower-case hexadecimal characters over every stored field but `origin` and `id`: equal means unchanged.

    The address counts in its canonical spelling, so the same article found through a newsletter is no change.
    Raises ReadError for a bad address.
    """
    url = canonical_url(article.url) if article.url else None
    return _digest(article.title, article.text, url, *_OTHER_FIELDS(article))[:32]


def passage_id(article_id: str, content_hash: str, number: int) -> str:
    """The id of an article's passage by its `number` from 0, another one for each revision of the article.

    So a passage's text never changes under its id, and an index that holds an id holds the right words.
    """
    return f"{article_id}.{content_hash[:8]}.{number}"


def _canonical_once(url: str) -> str:
    parts = _split(_unwrapped(url))
    host = _host(parts, url)
    path = _path(parts.path)
    query = urlencode(sorted(_kept_parameters(parts.query)), errors="replace")
    return f"https://{host}{path}" + (f"?{query}" if query else "")


def _digest(*fields: object) -> str:
    # JSON keeps the fields apart: ("ab", "c") and ("a", "bc") differ. surrogatepass: a lone surrogate is still text.
    canonical = json.dumps(fields, ensure_ascii=False, default=lambda day: day.isoformat())
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def _unwrapped(url: str) -> str:
    url = re.sub(r"[\t\r\n]+", "", url.strip("".join(map(chr, range(33)))))  # as browsers do
    if len(url) > URL_CHARS_MAX:
        raise ReadError(f"The address is {len(url):,} characters long: {url[:80]}…")
    if url.startswith("//"):
        url = "https:" + url
    while inner := next(filter(None, (pattern.match(url) for pattern in _WRAPPED)), None):
        rest = re.sub(r"^(https?):/+", r"\1://", inner["rest"], flags=re.I)
        url = rest if "://" in rest[:8] else f"http{'s' if inner['s'] else ''}://{rest}"
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where the port is no number up to 65535
    except ValueError as error:
        raise ReadError(f"Not a web address ({error}): {url[:200]}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ReadError(f"Not an http or https address: {url[:200]!r}")
    return parts


def _host(parts: SplitResult, url: str) -> str:
    host = (parts.hostname or "").rstrip(".").lower()
    if ":" in host:
        host = f"[{host}]"
    else:
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise ReadError(f"The address has no valid host name: {url[:200]}") from None
        if not re.fullmatch(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", host) or ".." in host:
            raise ReadError(f"The address has no valid host name: {url[:200]}")
        while (match := _MOBILE_HOST.match(host)) and host[match.end() :].split(".")[0] not in _SECOND_LEVEL:
            host = host[match.end() :]
    default_port = {"http": 80, "https": 443}[parts.scheme]
    return host if parts.port in {None, default_port} else f"{host}:{parts.port}"


def _path(path: str) -> str:
    path = _SESSION.sub("", path)
    # Unreserved characters are written plainly and the others as upper-case hexadecimal (RFC 3986, 6.2.2).
    path = quote(_PERCENT.sub(_decoded, path), safe=_PATH_SAFE, errors="surrogatepass")
    path = posixpath.normpath("/" + path.lstrip("/"))
    before = ""
    while path != before:  # "/story/index.html/amp" has both tails
        before = path
        path = _AMP_TAIL.sub("", _INDEX_TAIL.sub("", path))
        path = path.removeprefix("/amp") if path.startswith("/amp/") else path
    return path or "/"


def _decoded(match: re.Match[str]) -> str:
    try:
        plain = unquote(match[0], errors="strict")
    except UnicodeDecodeError:
        return match[0].upper()
    return "".join(c if c.isalnum() or c in "-._~" else quote(c, safe="") for c in plain)


def _kept_parameters(query: str) -> list[tuple[str, str]]:
    # "&amp;" is an address copied out of HTML source.
    pairs = parse_qsl(query.replace("&amp;", "&"), keep_blank_values=True, errors="replace")
    return [(name, value) for name, value in pairs if not _is_tracking(name.lower(), value.lower())]


def _is_tracking(name: str, value: str) -> bool:
    if name.startswith(_TRACKING_PREFIXES) or name in _TRACKING_NAMES:
        return True
    if name == "cid":  # elsewhere the number of an article
        return value.startswith(("ext", "feed", "rss", "newsletter", "email", "social", "soc_", "twitter", "facebook"))
    return (name, value) in {("output", "amp"), ("view", "amp"), ("source", "rss"), ("feed", "rss")}
