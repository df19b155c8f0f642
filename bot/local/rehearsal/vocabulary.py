"""The words by which the rehearsal models recognize what is asked. Stems, so that inflected forms match too."""

from __future__ import annotations

import re
import unicodedata

ENVIRONMENT_WORDS: dict[str, tuple[str, ...]] = {
    # Before production, because "pre-production" holds its name.
    "staging": (
        r"\bpre-?prod(uction)?\b", r"\bstag(e|ing)\b", r"\bstg\b", r"\buat\b", r"ステージング", r"预发", r"стейдж",
    ),
    "production": (
        r"\bprod\b", r"\bprd\b", r"\bproduction\b", r"\blive\b", r"\bproduktion\w*", r"\bproducci[oó]n\b",
        r"\bprodu[cç][aã]o\b",
        r"\bproduzione\b", r"\bproduktie\w*", r"\bproductie\w*", r"本番", r"生产", r"生産", r"продакшн?",
        r"\bпрод\w*", r"프로덕션",
        r"प्रोडक्शन",
    ),
    "development": (
        r"\bdev\b", r"\bdevelopment\b", r"\bentwicklung\w*", r"\bdesarrollo\b", r"\bdéveloppement\b",
        r"\bsviluppo\b",
        r"開発", r"开发", r"разработк",
    ),
}  # fmt: skip

ROLE_WORDS: dict[str, tuple[str, ...]] = {
    "web": (
        r"\bweb\b", r"\bweb-?(servers?|hosts?|nodes?|tier|fleet|boxes|server\w*)", r"\bfront-?ends?\b",
        r"\bnginx\b",
        r"ウェブ", r"webサーバ", r"网页", r"网站", r"веб", r"웹", r"वेब",
    ),
    "api": (r"\bapis?\b", r"\bapi-?(servers?|hosts?|nodes?|tier|fleet)", r"\bback-?ends?\b"),
    "db": (r"\bdbs?\b", r"\bdata-?bases?\b", r"\bpostgres\w*", r"\bmysql\b", r"\bdatenbank\w*", r"база", r"数据库"),
    "cache": (r"\bcaches?\b", r"\bredis\b", r"\bmemcached?\b"),
    "worker": (r"\bworkers?\b", r"\bbatch (workers?|hosts?|nodes?)\b", r"\bjob runners?\b"),
    "queue": (r"\bqueues?\b", r"\bkafka\b", r"\brabbitmq\b", r"\bbrokers?\b"),
    "gateway": (r"\bgateways?\b", r"\bload ?balancers?\b", r"\blbs?\b"),
}  # fmt: skip

PLATFORM_WORDS: dict[str, tuple[str, ...]] = {
    "aws": (r"\baws\b", r"\bec2\b", r"\bamazon\b"),
    "azure": (r"\bazure\b",),
    "gcp": (r"\bgcp\b", r"\bgoogle cloud\b", r"\bgce\b"),
    "vsphere": (r"\bvsphere\b", r"\bvmware\b", r"\besxi?\b"),
    "k8s": (r"\bk8s\b", r"\bkubernetes\b", r"\beks\b", r"\bgke\b", r"\baks\b"),
}

OFF_TOPIC = (
    r"\bpoems?\b", r"\bjokes?\b", r"\bhaiku", r"\bsongs?\b", r"\blyrics\b", r"\brecipes?\b", r"\bweather\b",
    r"\bhoroscope",
    r"\bstory\b", r"\bhomework\b", r"\btranslate\b", r"\bgedicht\b", r"\bwitz\b", r"\bpoème\b", r"\bblague\b",
    r"\bchiste\b",
    r"\bpoema\b", r"\bbarzelletta\b", r"\bfootball\b", r"\bmeaning of life\b",
)  # fmt: skip

# What someone who cannot say which environment still means: work on the estate.
OPERATIONS = (
    r"\bservers?\b", r"\bhosts?\b", r"\bmachines?\b", r"\bfleet\b", r"\bnodes?\b", r"\bcluster\b", r"\bimages?\b",
    r"\bfix\b",
    r"\bcheck\b", r"\bhelp\b", r"\broll ?(out|back)\b", r"\bupdate\b", r"\bupgrade\b", r"\bdeploy\b",
    r"\brestart\b",
    r"serveur", r"servidor", r"サーバ", r"服务器", r"сервер",
)  # fmt: skip

_EXCLUDED = re.compile(
    r"\b(?:not|except|excluding|but not|leave|without|don'?t touch|do not touch|nothing in|never)\s+"
    r"(?:in\s+|the\s+|any\s+)*"
    r"(?:\w+\s+and\s+)?[\w-]+(?=\W|$)(?:\s+alone)?",
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def plain(text: str, *, split_names: bool = False) -> str:
    """Lower case, compatibility forms, `_` and `=` as spaces. `split_names`: `ImageDrift` as `image drift`."""
    text = _HUMP.sub(" ", text) if split_names else text
    return re.sub(r"[_=]+", " ", unicodedata.normalize("NFKC", text)).lower()


def matches(words: tuple[str, ...], text: str) -> int:
    """How many of the words occur."""
    return sum(1 for word in words if re.search(word, text))


def kinds_in(vocabulary: dict[str, tuple[str, ...]], text: str) -> list[str]:
    """Every kind whose words occur, in the vocabulary's order."""
    return [kind for kind, words in vocabulary.items() if matches(words, text)]


def without_exclusions(text: str) -> str:
    """The text without what it says to leave alone: `not staging`, `leave the db servers alone`."""
    return _EXCLUDED.sub(" ", text)


def environments_in(text: str) -> dict[str, str]:
    """The environments a text asks for, each with the words that name it."""
    rest = without_exclusions(text)
    found: dict[str, str] = {}
    for kind, words in ENVIRONMENT_WORDS.items():
        for word in words:
            if hit := re.search(word, rest):
                found.setdefault(kind, hit.group())
            rest = re.sub(word, " ", rest)
    return found
