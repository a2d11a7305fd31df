"""The words and patterns by which lines of news pages are known to be no part of an article.

Knows nothing about lines or pages: furniture.py asks, this file only lists.
"""

from __future__ import annotations

import re

AGENCIES = (
    "dpa", "AP", "AFP", "Reuters", "epd", "KNA", "EFE", "ANSA", "PA", "PTI", "ANI", "IANS", "AAP", "CP", "Xinhua",
    "TASS", "Interfax", "Kyodo", "Yonhap", "Anadolu", "APA", "SDA", "Keystone-SDA", "Belga", "ANP", "Ritzau", "TT",
    "NTB", "PAP", "CTK", "MTI", "SID", "AFX", "dpa-AFX", "UPI", "UNI", "Bloomberg", "Lusa", "DW",
)  # fmt: skip
"""News agencies as they sign; letters as printed."""
AGENCY_KEYS = frozenset(name.casefold() for name in AGENCIES)

SHARE_WORDS_TEXT = """
share facebook twitter x whatsapp telegram linkedin reddit pinterest tumblr email e-mail mail print flipboard
pocket messenger instagram youtube tiktok threads bluesky mastodon snapchat vk viber line sms signal xing rss
app copy link url this article story post tweet gettr gab parler truth send save bookmark comment comments by
via on to the us with follow and or icon button google news add close gift listen teilen drucken merken
kommentare partager imprimer commenter compartir imprimir comentarios condividi stampa copied clipboard your
network social a friend more options subscribe login log in search menu open sidebar navigation toggle main
site sign out register account
"""
SHARE_WORDS = frozenset(SHARE_WORDS_TEXT.split())
EXACT_TEXT = """
advertisement | advertising | ad | ads | ad policy | anzeige | werbung | publicité | publicidad | pubblicità |
advertentie | reklama | article content | story continues below | story continues below advertisement | story
continues after advertisement | advertisement · scroll to continue | continue reading | continue reading below
| scroll to continue | skip advertisement | article continues after ad | article continues below | view
comments | show comments | leave a comment | load comments | loading | loading... | menu | search | close |
home | next | previous | back | play | video | photos | gallery | listen | more | print | live | skip to
content | skip to main content | jump to content | back to top | go to top | top | sign up | sign in | log in
| login | register | subscribe | subscribe now | my account | newsletter | newsletters | donate | follow |
following | save | saved | share | email | email address | e-mail | your email | password | name | submit |
cancel | ok | accept | accept all | reject all | manage preferences | learn more | find out more | see more |
show more | view more | view all | see all | read full story | buy now | view deal | shop now | up next | now
playing | watch now | play video | video player is loading | table of contents | in this article | contents |
key points | copyright | all rights reserved | image | images | photo | enlarge image | open image in gallery
| view gallery | view image in fullscreen | toggle caption | hide caption | caption | image caption | image
source | transcript | download | embed | text size | a a a | font size | comment | comments | explainer |
exclusive | breaking news | breaking | premium | recommended | sponsored | promoted | paid content | partner
content | mehr | schließen | suche | teilen | drucken | anmelden | abonnieren | partager | fermer | rechercher
| s'abonner | compartir | cerrar | buscar | suscríbete | add as preferred source on google | go to
accessibility shortcuts | don't want to see this? remove ads | remove ads | share full article | story
highlights | enter now | arrives weekdays | specs: | text to speech | updates | live updates | click to copy |
not now | opens in new window | listen to this article | listen to article | add to reading list | minute read
| read in app | use app | open in app | your browser does not support the audio element | getting your trinity
audio player ready
"""
EXACT = frozenset(" ".join(EXACT_TEXT.split()).split(" | "))

STARTS = re.compile(
    r"""^(?:
    read\ (?:more|also|next|on|the\ (?:full|original)|our|about|this|all)\b.{0,200}$
    |(?:also|must|keep)\ read(?:ing)?\b.{0,200}$
    |see\ (?:also|more)\b.{0,200}$ |(?:more|related|watch|listen|explore|recommended|don't\ miss|in\ (?:pics
    |pictures|video))\s*[:|»>].{0,200}$
    |more\ (?:from|on|about|like\ this|news|stories|coverage|reading)\b.{0,90}$
    |related\ (?:articles?|stories|story|news|topics?|content|links?|coverage|posts?|tags?|reading|video)\b.{0,80}$
    |(?:click|tap)\ (?:here|the|on)\b.{0,200}$ |download\ (?:the|our)\b.{0,60}\bapp\b.{0,100}$ |follow\ (?:us
    |our|me|him|her|@|the\ (?:latest|story|topics|author|reporter)).{0,160}$
    |sign\ up\b.{0,260}$ |subscribe\b.{0,260}$ |get\ (?:the\ latest|our|breaking|all\ the\ (?:latest|news)
    |more\ (?:news|stories|from)|a\ daily|daily|updates|email)\b.{0,260}$
    |stay\ (?:up\ to\ date|informed|connected|ahead|updated|on\ top)\b.{0,260}$ |join\ (?:the\ conversation
    |our|us|thought|whatsapp|now)\b.{0,260}$
    |by\ (?:signing\ up|submitting|subscribing|clicking|entering|providing|continuing
    |registering)\b.{0,200}\b(?:you|privacy|terms)\b
    |(?:our|this)\ (?:web)?site\ (?:is\ protected|uses\ cookies|is\ the\ place\ for)\b |we\ use\ cookies\b
    |cookies?\ (?:policy|settings)\b
    |this\ (?:site|website|page|form)\ is\ protected\b |you(?:'ve|'ll|\ (?:must|can|need|have|will
    |may))\ (?:successfully|be\ logged|need|reached|receive|save\ this|unsubscribe|manage|change\ your
    |also\ (?:read|like))
    |please\ (?:enable|refresh|log\ in|try\ again|check\ your|sign|turn\ on|confirm|note\ that\ opting)\b
    |to\ view\ this\ (?:video|content|page)\b
    |(?:to\ )?(?:comment|join\ the\ conversation|leave\ a\ comment),?\ (?:you|on|please)\b |log\ in\ to\b
    |already\ (?:a\ )?(?:subscribe|member|have\ an)
    |thank(?:s|\ you)\ for\ (?:sharing|signing|subscribing|registering|reading|your\ (?:sign|subscri|interest
    |feedback))
    |there\ was\ an\ error,\ please\b |(?:we|i)\ (?:encountered\ an\ (?:issue|error)
    |would\ like\ to\ be\ emailed|agree\ to\ receive|invite\ you\ to\ become)\b
    |i'd\ like\ to\ (?:be|receive)\b |a\ welcome\ email\b |the\ next\ issue\ of\b.{0,60}\binbox\b
    |(?:if\ you|when\ you)\ (?:buy|purchase|click|make\ a\ purchase|shop)\b.{0,120}\b(?:commission|affiliate|earn)
    |(?:this\ (?:article|story|post|page)\ (?:may\ )?contains?\ affiliate) |we\ may\ earn\b
    |.{0,80}\bearns?\ (?:a|an\ affiliate)\ commission
    |special\ offer\b |(?:unlimited|access|enjoy)\ .{0,40}\b(?:articles?|access|sites?)\b.{0,80}$
    |support\ local\ journalism\b.{0,40}$ |share\ your\ thoughts\b.{0,80}$ |get\ in\ touch\ with\ our\b
    |(?:do|have)\ you\ (?:have|got)\ (?:a\ (?:story|tip|news)|any\ (?:information|news)|more\ info
    |something\ to\ share)\b.{0,260}$
    |for\ more\ (?:stories|news|from|on|information\ about\ (?:how|cookies)|such)\b.{0,160}$
    |check\ out\ (?:our|the|all|more)\b.{0,140}$ |find\ (?:more|out\ more|all)\b.{0,120}$
    |(?:contact|email|e-mail|reach)\ (?:us|the\ (?:author|reporter|writer)|me)\b.{0,120}$ |you\ can\ (?:email
    |reach|contact|follow|read\ more)\b.{0,160}$
    |(?:©|\(c\)\ |copyright\b.{0,6}(?:©|\d{4})|copyright\b.{0,50}$|all\ contents?\ ©|all\ rights\ reserved
    |all\ quotes\ delayed) |(?:\d{4}\ )?.{0,80}\ball\ rights\ reserved\b
    |this\ (?:material|content|article|story)\ (?:may\ not\ be|was\ (?:originally|first)|appears\ in
    |is\ (?:part\ of|from|for\ subscribers|reserved|only\ available|more\ than\ \d+|\d+)
    |has\ been\ (?:updated|corrected|amended))\b
    |this\ (?:advertisement|video)\ (?:has\ not|is\ not|can\ not|cannot)\b |video\ player\b |your\ (?:browser
    |web\ browser|email\ address|privacy\ choices)\b.{0,160}$
    |(?:reporting|editing|additional\ reporting|with\ (?:reporting|files|inputs?))\ (?:by|from)\b.{0,300}$
    |(?:writing|compiled|produced|edited|written)\ by\b[^.]{0,70}$
    |our\ standards:\ |most\ (?:read|popular|viewed|shared|commented|recent)\b.{0,60}$ |(?:top|latest|popular
    |trending|featured)\ (?:stories|news|videos?|articles?|headlines?|on|from|now|posts?)\b.{0,60}$
    |(?:what\ to|things\ to)\ read\ next |people\ are\ (?:reading|talking) |you\ (?:might
    |may)\ also\b.{0,60}$ |what\ do\ you\ think\?.{0,120}$ |(?:tell|let)\ us\ (?:know\ )?(?:what
    |in\ the\ comments|your).{0,140}$
    |(?:support|help)\ (?:our|independent|quality|the\ guardian)\b.{0,120}$ |(?:send|submit)\ (?:us
    |your)\b.{0,120}$ |\(?opens?\ (?:in\ a\ )?new\ (?:tab|window) |.{0,60},\ opens\ new\ tab$
    |(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)[\s-]min(?:ute)?s?(?:\s|-)?(?:read|to\ read
    |listen)\b.{0,40}$ |(?:reading|read)\ time\b.{0,40}$ |(?:est\.?\ )?\d+\ min(?:ute)?s?$
    |(?:liked|enjoyed|enjoying|like)\ (?:this|what\ you)\b.{0,40}\?.{0,160}$
    |advertisement\ \d+$ |(?:price\ at|buy\ (?:now|alternative|it\ at)\b).{0,40}$ |[£$€]\s?\d[\d.,]*$
    |\d+\ comments?$ |comments?\ \(?\d+\)?$ |\d+(?:\.\d+)?[km]?\ (?:shares?|views?|likes?|reads?)\b.{0,30}$
    |not\ now.{0,20}$ |notifications\ can\ be
    |(?:topics?|tags?|filed\ under|more\ on\ this\ story|themen|schlagworte|stichworte|tagged|keywords)\s*:.{0,300}$
    |a\ version\ of\ this\ (?:article|story)\b |(?:give|gift|save|print|email)\ this\ (?:article
    |story).{0,30}$ |dieser\ (?:beitrag|artikel)\ (?:stammt|ist|wurde|erschien)\b.{0,160}$ |(?:cet\ article
    |este\ artículo)\b.{0,120}$
    |(?:zur\ merkliste|artikel\ anhören|bild\ vergrößern|ajouter\ à\ vos|offrir\ l'article|temps\ de\ lecture
    |lecture\ \d|tiempo\ de\ lectura)\b.{0,60}$ |video\s?\d+:\d\d.{0,20}$
    |(?:mehr\ zum\ thema|lesen\ sie\ (?:auch|mehr|hier)|mehr\ dazu|auch\ interessant|weiterlesen|siehe\ auch
    |das\ könnte\ sie)\b.{0,200}$
    |(?:lire\ (?:aussi|la\ suite|plus)|à\ lire|a\ lire|voir\ aussi|sur\ le\ même\ sujet
    |pour\ aller\ plus\ loin|abonnez-vous|inscrivez-vous)\b.{0,200}$
    |(?:leer?\ (?:más|también|mas|tambien)|lea\ (?:también|más)|te\ puede\ interesar|más\ información
    |ver\ más|suscríbete|regístrate|síguenos)\b.{0,200}$
    |(?:leggi\ anche|leggi\ di\ più|leia\ (?:também|mais)|lees\ ook|lees\ meer|läs\ (?:mer|också)
    |les\ også)\b.{0,200}$
    |melden\ sie\ sich\b.{0,200}$ |jetzt\ (?:anmelden|abonnieren|lesen|testen)\b.{0,160}$ |hier\ (?:klicken
    |anmelden|geht\ es)\b.{0,160}$ |(?:den|unseren)\ newsletter\b.{0,160}$
    )""",
    re.IGNORECASE | re.VERBOSE,
)
ANYWHERE = re.compile(
    r"\b(?:sign up (?:here|now|today|for (?:our|free)|to our)|subscribe (?:here|now|today|to our)"
    r"|our (?:free )?(?:daily |weekly |morning )?"
    r"newsletters?\b.{0,60}\b(?:here|inbox|sign)|subscription today"
    r"|start your (?:\w+ ){0,3}(?:subscription|trial)|already subscribed|in your inbox|to your inbox"
    r"|click here to|"
    r"has not loaded yet|personali[sz]e (?:your )?(?:content|ads)|store cookies|receive (?:our |the )?newsletters?|"
    r"all rights reserved|may earn (?:a|an)? ?(?:affiliate )?commission|enable javascript|follow (?:us|him"
    r"|her|them) on (?:twitter|x|facebook|instagram)|"
    r"unseren newsletter|notre newsletter|notre lettre|nuestra newsletter|nuestro boletín)\b",
    re.IGNORECASE,
)
ANYWHERE_CHARS = 320
"""A longer paragraph that mentions a newsletter may be an article about newsletters."""

JAM = re.compile(r"[A-Z]?[a-z]{2,}[A-Z][a-z]{2,}")
BRANDS = frozenset(
    [
        "youtube",
        "whatsapp",
        "paypal",
        "linkedin",
        "facetime",
        "playstation",
        "mastercard",
        "javascript",
        "tripadvisor",
        "harpercollins",
        "soundcloud",
        "gofundme",
        "macbook",
        "icloud",
        "airbnb",
        "tiktok",
        "snapchat",
        "deepmind",
        "sharepoint",
        "powerpoint",
        "github",
        "kickstarter",
        "bytedance",
    ]
)
BOX_OPENERS = frozenset(
    (
        "watch now",
        "watch live",
        "now playing",
        "up next",
        "play video",
        "recommended",
        "in this article",
        "table of contents",
    )
)
LEGAL_VOICE = re.compile(
    r"\byou agree\b|\bwe (?:use|and our partners|store|collect) |\bI agree\b|\byour (?:device|consent"
    r"|choices|registration|subscription)\b|"
    r"\bour (?:privacy|cookie|terms)|\bthe google privacy policy\b",
    re.IGNORECASE,
)
REPORTED = re.compile(r"\b(?:said|says|told|according|sagte|laut|selon|dijo|según)\b")
LEGAL = re.compile(
    r"\b(cookies?|consent|opt[ -]?out|personal (?:information|data)|third[ -]part(?:y|ies)|advertis(?:ers?"
    r"|ing|ements?)|browser|"
    r"this (?:web)?site|our (?:web)?site|the website|privacy|preferences|functionality|browsing|analytics"
    r"|user experience|"
    r"personali[sz]ed|your device|terms of (?:use|service)|einwilligung|datenschutz|consentement"
    r"|navigateur|navegador)\b",
    re.IGNORECASE,
)

END = re.compile(
    r"^\W*(?:comments?(?:\s*\(?\d+\)?)?|\d+ comments?|all comments(?: \d+)?|join (?:the"
    r"|our) (?:conversation|commenting forum|discussion)"
    r"|leave a (?:comment|reply)|more (?:from|in|on|stories|news|about)\b.{0,60}|(?:read|up|what to read"
    r"|watch) next|keep reading|most (?:popular|read|viewed|shared|recent|commented)\b.{0,40}"
    r"|(?:you )?(?:may|might) also (?:like|be interested).{0,30}|recommended(?: (?:for you|stories"
    r"|articles|reading|from|by)\b.{0,40})?|trending(?: (?:now|stories|news|on|topics)\b.{0,40})?"
    r"|(?:top|latest|related|popular|featured|other|similar) (?:stories|news|articles?|posts?|headlines"
    r"|content|coverage|topics?|videos?|links?)\b.{0,40}"
    r"|read more on (?:these|this|related)\b.{0,40}|related(?:\s*:)?|around the web|from (?:around the"
    r"|our) (?:web|site|partners?|network)|(?:from )?around the site|editor'?s'? (?:picks?|choice)s?"
    r"|about the (?:author|writer|reporter)s?|sponsored (?:content|features|links|stories)|paid (?:content"
    r"|partner).{0,20}|more to (?:read|explore)|explore more.{0,30}|our network"
    r"|popular|latest|(?:more )?trending|site index|follow us.{0,20}|about us|sections|topics|tags"
    r"|in case you missed it|don'?t miss|most (?:read|watched).{0,30}|footer"
    r"|mehr zum thema|das könnte sie auch interessieren|weitere (?:themen|artikel|meldungen)\b.{0,30}"
    r"|kommentare|meistgelesen(?:e artikel)?|verwandte (?:themen|artikel)"
    r"|sur le même (?:sujet|thème)|à lire aussi|commentaires|les plus lus|dans la même (?:rubrique"
    r"|catégorie)|le plus populaire"
    r"|te puede interesar|más (?:información|noticias|leídas?)|comentarios|lo más (?:leído|visto)"
    r"|noticias relacionadas|archivado en|temas relacionados)\W*$",
    re.IGNORECASE,
)
HARD_END = re.compile(
    r"^\W*(?:\d+ comments?|comments?\s*\(?\d+\)?|all comments(?: \d+)?|click here to comment|join (?:our"
    r"|the) (?:commenting forum|discussion)"
    r"|leave a (?:comment|reply)|kommentare|commentaires|comentarios|log in to reply)\W*$",
    re.IGNORECASE,
)

CREDIT_ONLY = re.compile(
    r"^\W*(?:(?:image|photo|photograph|picture|pic|credit|foto|bild|photo credit|image credit|photo by"
    r"|image by|picture by|fotos?|"
    r"photographs?|file photo|illustration|graphic|video|source|quelle|crédit(?:s)?|crédito|camera icon"
    r"|composite|©)\s*(?::|by\b|©).{0,160}"
    r"|[A-Z][\w.'’-]+(?: [A-Z][\w.'’-]+){0,3} \| [A-Z][\w ]{1,30}"
    r"|(?:\(?[\w. ,'’&-]{0,70}(?:/|\bvia\b|\bfor\b|,)\s*)?\(?(?:getty(?: images)?|ap(?: photo)?|afp"
    r"|reuters|shutterstock|epa(?:-efe)?|istock(?:photo)?|pa(?: (?:wire|media|images))?|alamy|imago|dpa"
    r"|picture alliance)"
    r"(?:\s*(?:/|\bvia\b|,|;).{0,80})?\)?|\((?:the independent|supplied|handout|file"
    r"|[\w. ,'’&-]{2,60}/ ?[\w ]{2,40})\)|copyright\b.{0,60}|©.{0,80}|image caption,?.{0,200}"
    r"|image source,?.{0,80}|getty images.{0,40})\W*$",
    re.IGNORECASE,
)
CAPTION_END = re.compile(
    r"(?:[(\[](?:[^()\[\]]{0,60}\b)?(?i:ap photo|(?:photos?|pictures?|images?|photograph)(?: by\b|:|/"
    r"| credit| courtesy)|credit:|getty|gety|"
    r"(?:file|handout) (?:photo|image|picture|pic)|handout|screenshot|screengrab|reuters/|afp/|epa/"
    r"|shutterstock|courtesy of|istock|supplied|via )"
    r"[^()\[\]]{0,140}[)\]]|\((?i:file|supplied|handout|pictured)\)"
    r"|\b(?i:photo|photograph|picture|image|photography|foto)(?:(?i:\s+by|\s*:|\s+courtesy of|\s*/"
    r"|\s*©))\s*[A-Z©][^!?]{2,100}"
    r"|(?:^|[.\s])(?i:image|photo|picture|photo credit|image credit|credit|foto|bild|crédit|crédit photo"
    r"|copyright)(?:\s*:|\.{3})\s*[A-Z@][^!?:]{2,100}"
    r"|(?i:\bvia|/) ?(?i:getty images|reuters|ap|afp|shutterstock|epa|alamy)\b"
    r"|\bREUTERS/[A-Z][\w .'-]{2,40}|(?<=[.\w)]\s)Getty Images|\bAP Photo(?:/[\w .'-]{2,40})?"
    r"|[-–—.)]\s+(?:Copyright\s+|©\s?)\S.{0,60}|\bMANDATORY CREDIT\b.{0,100}|\bNO (?:RESALES|ARCHIVES)\.?)\W*$"
)
SIDES = re.compile(
    r"\bfrom (?:top )?(?:left|right)\b|\((?:left|right|l|r|c|centre|center|pictured)\)|"
    r"^(?:left|right|top|above|below):",
    re.IGNORECASE,
)
CAPTION_START = re.compile(
    r"^\W*(?:image caption|image source|caption|camera icon|file photo|file image|file -|file:|\(file"
    r"|pictured:|pictured above|photo:|photos:|image:|picture:|"
    r"foto:|bild:|bildunterschrift|illustration:|video:|watch:|watch \||in pictures:|(?:image|photo"
    r"|video) \d+ of).{0,400}$",
    re.IGNORECASE,
)
CREDITS_LINE = re.compile(r"^(?P<desk>[a-z]{1,4}(?:/[a-z]{1,4}){0,4},?\s+)?[(\[]?(?P<names>[^()\[\]]{2,80})[)\]]?\.?$")
BIO = re.compile(
    r"^(?P<name>[A-Z][\w.'’-]+(?:\s+[A-Z][\w.'’-]*){0,3}),?\s+(?:is|was|has been|covers|writes|reports"
    r"|joined|has)\b.{0,600}"
    r"\b(?:reporter|correspondent|journalist|editor|writer|columnist|producer|author|fellow|professor"
    r"|contributor|covering|covers|"
    r"follow (?:him|her|them)|reach(?:ed)? (?:him|her|them)|twitter|bylines?|freelance)\b",
    re.DOTALL,
)
