"""Which outlet a page is from: by its address, by the name that it gives itself. Pure.

Knows nothing about reading pages.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

OUTLETS: dict[str, str] = {
    "dw.com": "DW", "bbc.co.uk": "BBC", "bbc.com": "BBC", "theguardian.com": "The Guardian",
    "guardian.co.uk": "The Guardian", "reuters.com": "Reuters", "apnews.com": "AP News", "afp.com": "AFP",
    "nytimes.com": "The New York Times", "washingtonpost.com": "The Washington Post",
    "wsj.com": "The Wall Street Journal", "ft.com": "Financial Times", "bloomberg.com": "Bloomberg",
    "economist.com": "The Economist", "cnn.com": "CNN", "foxnews.com": "Fox News", "nbcnews.com": "NBC News",
    "cbsnews.com": "CBS News", "abcnews.go.com": "ABC News", "abc.net.au": "ABC News (Australia)", "npr.org": "NPR",
    "pbs.org": "PBS", "usatoday.com": "USA Today", "latimes.com": "Los Angeles Times", "politico.com": "Politico",
    "politico.eu": "Politico Europe", "axios.com": "Axios", "thehill.com": "The Hill", "time.com": "Time",
    "newsweek.com": "Newsweek", "theatlantic.com": "The Atlantic", "newyorker.com": "The New Yorker",
    "vox.com": "Vox", "theverge.com": "The Verge", "wired.com": "WIRED", "techcrunch.com": "TechCrunch",
    "arstechnica.com": "Ars Technica", "cnbc.com": "CNBC", "forbes.com": "Forbes",
    "businessinsider.com": "Business Insider", "nypost.com": "New York Post", "chicagotribune.com": "Chicago Tribune",
    "bostonglobe.com": "The Boston Globe", "theweek.com": "The Week", "theintercept.com": "The Intercept",
    "thenation.com": "The Nation", "independent.co.uk": "The Independent", "telegraph.co.uk": "The Telegraph",
    "thetimes.co.uk": "The Times", "thetimes.com": "The Times", "dailymail.co.uk": "Daily Mail",
    "mirror.co.uk": "The Mirror", "thesun.co.uk": "The Sun", "standard.co.uk": "The Standard",
    "express.co.uk": "Daily Express", "metro.co.uk": "Metro", "inews.co.uk": "The i Paper", "sky.com": "Sky News",
    "news.sky.com": "Sky News", "itv.com": "ITV News", "channel4.com": "Channel 4 News",
    "scotsman.com": "The Scotsman", "irishtimes.com": "The Irish Times", "rte.ie": "RTÉ", "euronews.com": "Euronews",
    "france24.com": "France 24", "rfi.fr": "RFI", "lemonde.fr": "Le Monde", "lefigaro.fr": "Le Figaro",
    "liberation.fr": "Libération", "spiegel.de": "Der Spiegel", "zeit.de": "Die Zeit", "faz.net": "FAZ",
    "sueddeutsche.de": "Süddeutsche Zeitung", "welt.de": "Die Welt", "bild.de": "Bild", "tagesschau.de": "tagesschau",
    "taz.de": "taz", "nzz.ch": "NZZ", "srf.ch": "SRF", "derstandard.at": "Der Standard", "orf.at": "ORF",
    "elpais.com": "El País", "elmundo.es": "El Mundo", "lavanguardia.com": "La Vanguardia",
    "corriere.it": "Corriere della Sera", "repubblica.it": "la Repubblica", "ansa.it": "ANSA",
    "publico.pt": "Público", "folha.uol.com.br": "Folha de S.Paulo", "globo.com": "Globo", "clarin.com": "Clarín",
    "nos.nl": "NOS", "vrt.be": "VRT", "aljazeera.com": "Al Jazeera", "haaretz.com": "Haaretz",
    "timesofisrael.com": "The Times of Israel", "jpost.com": "The Jerusalem Post", "arabnews.com": "Arab News",
    "timesofindia.indiatimes.com": "The Times of India", "hindustantimes.com": "Hindustan Times",
    "thehindu.com": "The Hindu", "indianexpress.com": "The Indian Express", "ndtv.com": "NDTV", "dawn.com": "Dawn",
    "scmp.com": "South China Morning Post", "straitstimes.com": "The Straits Times", "channelnewsasia.com": "CNA",
    "japantimes.co.jp": "The Japan Times", "nhk.or.jp": "NHK", "koreatimes.co.kr": "The Korea Times",
    "xinhuanet.com": "Xinhua", "taipeitimes.com": "Taipei Times", "bangkokpost.com": "Bangkok Post",
    "smh.com.au": "The Sydney Morning Herald", "theage.com.au": "The Age", "theaustralian.com.au": "The Australian",
    "news.com.au": "news.com.au", "thewest.com.au": "The West Australian", "9news.com.au": "9News",
    "nzherald.co.nz": "The New Zealand Herald", "stuff.co.nz": "Stuff", "rnz.co.nz": "RNZ", "cbc.ca": "CBC News",
    "ctvnews.ca": "CTV News", "globalnews.ca": "Global News", "theglobeandmail.com": "The Globe and Mail",
    "nationalpost.com": "National Post", "thestar.com": "Toronto Star", "dailymaverick.co.za": "Daily Maverick",
    "news24.com": "News24", "citizen.co.za": "The Citizen", "iol.co.za": "IOL", "mg.co.za": "Mail & Guardian",
    "namibian.com.na": "The Namibian", "allafrica.com": "allAfrica", "punchng.com": "Punch",
    "premiumtimesng.com": "Premium Times", "voanews.com": "VOA", "rferl.org": "RFE/RL",
    "kyivindependent.com": "The Kyiv Independent", "themoscowtimes.com": "The Moscow Times", "tass.com": "TASS",
    "thegatewaypundit.com": "The Gateway Pundit", "propublica.org": "ProPublica", "huffpost.com": "HuffPost",
    "slate.com": "Slate", "salon.com": "Salon", "thedailybeast.com": "The Daily Beast",
    "rollingstone.com": "Rolling Stone", "washingtontimes.com": "The Washington Times",
    "freebeacon.com": "The Washington Free Beacon", "restofworld.org": "Rest of World", "nature.com": "Nature",
    "espn.com": "ESPN", "un.org": "UN News", "thelocal.de": "The Local", "thejournal.ie": "The Journal",
}  # fmt: skip
"""Names as readers know them, by domain. What is not here goes by the name that the page gives."""

_BY_NAME = {re.sub(r"\W+", "", name.casefold().removeprefix("the ")): name for name in OUTLETS.values()}
_BY_NAME |= {
    "deutschewelle": "DW", "apnews": "AP News", "theassociatedpress": "AP News", "associatedpress": "AP News",
    "bbcnews": "BBC", "fox": "Fox News", "foxnewsnetworkllc": "Fox News", "guardiannewsmedialimited": "The Guardian",
    "guardiannewsmedia": "The Guardian", "newyorktimescompany": "The New York Times",
    "telegraphmediagrouplimited": "The Telegraph", "npr": "NPR", "aljazeeramedianetwork": "Al Jazeera",
    "cablenewsnetwork": "CNN", "wapo": "The Washington Post", "dwcom": "DW", "foxnewsnetwork": "Fox News",
    "westaustraliannewspapers": "The West Australian", "nationalpostadivisionof": "National Post",
}  # fmt: skip
_SECTION_NAMES = frozenset(
    ("Time", "Nature", "Metro", "Salon", "Slate", "Stuff", "Punch", "Globo", "Bild", "Vox", "The Week", "The Local")
)
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|\bcopyright\b)\s*(?:©|\(c\)|copyright|\s)*(?:(?:19|20)\d\d(?:\s*[-–]\s*(?:19|20)?\d\d)?)?[\s,.]*"
    r"(?P<name>[^\d©.|•·]{2,60}?)(?=[\s,]*(?:(?:19|20)\d\d|[.|•·©]|$|all rights|alle rechte|tous droits|a division|"
    r"todos los|ltd|limited|llc|inc\b|gmbh|plc|media group|(?:trust|group)\b))",
    re.IGNORECASE,
)
_LIKE_OUTLET = re.compile(
    r"(?:The\s)?(?:(?:[A-Z][\w’'-]*|&|and|of)\s){1,4}"
    r"(?:Times|Post|Herald|Gazette|Courier|Tribune|Chronicle|Observer|Telegraph|Sentinel|Examiner|Dispatch|Argus|Mercury"
    r"|Inquirer|Enquirer|Advertiser|Ledger)"
    r"|The\s(?:(?:[A-Z][\w’'-]*|&|and|of)\s){1,4}"
    r"(?:Journal|Bulletin|Register|Globe|Guardian|Star|Sun|Mail|Express|Echo|Mirror|Independent|Standard|Citizen|Monitor"
    r"|Record|Review|Reporter|Press|News|Daily|Weekly|Leader|Advocate|Beacon|Messenger)"
)
"""Words that name a section or a journal too stand for a newspaper behind "The" alone."""
_NOT_A_NAME = re.compile(
    r"\b(?:newspapers|nast|postmedia|gannett|company|corporation|corp|holdings|network|publishing|verlag|media|rights|"
    r"reserved|policy|photo|images?|getty|terms|privacy|contact|reproduction|by)\b",
    re.IGNORECASE,
)


def outlet_of_url(url: str | None) -> str | None:
    """The outlet's name by the address: from the table, else None."""
    host = host_of(url)
    if not host:
        return None
    labels = host.split(".")
    for start in range(len(labels) - 1):
        if name := OUTLETS.get(".".join(labels[start:])):
            return name
    return None


def host_of(url: str | None) -> str | None:
    """The host of an address, without www."""
    if not url:
        return None
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return None
    return host.lower().removeprefix("www.").strip(".") or None


def outlet_name(url: str | None, *said: str | None) -> str | None:
    """The outlet's name: by its address where the table has it, else what the page says of itself, else the host."""
    if name := outlet_of_url(url):
        return name
    for name in said:
        if name and (clean_name := _said(name)):
            return clean_name
    return host_of(url)


def known_outlet(name: str) -> str | None:
    """The outlet as the table spells it, for a name in any spelling; None for one that is not in the table."""
    key = re.sub(r"\W+", "", name.casefold().removeprefix("the "))
    return _BY_NAME.get(key) if key else None


def named_by_line(line: str) -> str | None:
    """The known outlet that a whole line names, as a page's head does; None for names that sections bear as well."""
    name = known_outlet(line) if len(line) < 40 else None
    return None if name in _SECTION_NAMES else name


def named_like_outlet(line: str) -> str | None:
    """The line, where it reads as a newspaper's name: "The Kelmouth Gazette"; None for what sections are called."""
    return line.strip() if _LIKE_OUTLET.fullmatch(line.strip()) else None


def name_in_text(url: str | None, text: str) -> str | None:
    """The outlet's name as the page writes it, by the address: harbourpost.example and "Harbour Post"."""
    labels = (host_of(url) or "").split(".")
    label = max(labels[:-1], key=len, default="")
    if not 5 <= len(label) <= 40 or not label.isalnum():
        return None
    pattern = r"[\s&'’.-]{0,3}".join(map(re.escape, label))
    found = (match[0] for match in re.finditer(rf"(?<![\w@/.])(?:The )?{pattern}(?![\w@/]|\.\w)", text, re.IGNORECASE))
    return next((name for name in found if any(char.isupper() for char in name)), None)


def outlet_of_footer(line: str) -> str | None:
    """The outlet that a copyright line names: "© 2024 The Example. All rights reserved." """
    if len(line) > 500:
        return None
    match = _COPYRIGHT.search(line)
    if match is None:
        return None
    name = match["name"].strip(" ,-–—|")
    if known := known_outlet(name):
        return known
    if "©" not in line and not re.search(r"\b(?:19|20)\d\d\b", line):
        return None
    if (
        re.search(r"[a-z][A-Z][a-z]", name)
        or _NOT_A_NAME.search(name)
        or len(name.split()) > 5
        or not name[:1].isupper()
    ):
        return None
    return name


def _said(name: str) -> str | None:
    name = " ".join(name.split()).strip(" |-–—")
    if not name or len(name) > 80 or "://" in name or name.startswith("@"):
        return None
    if known := known_outlet(name):
        return known
    return name
