"""Names are found in every script as whole words, and each leads to all the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import GlossaryError
from bot.glossary import Entity, Glossary, Mention
from bot.language import fold
from bot.records import AnswerLanguage
from tools.corpus_stats import CORPUS

SAMR = Entity("samr", "regulator", {"en": ("SAMR",), "zh-Hans": ("市场监管总局", "总局"), "zh-Hant": ("市場監管總局",)})
SEC = Entity(
    "sec-us", "regulator", {"en": ("SEC",), "zh-Hans": ("美国证交会",)}, frozenset({"sec"}), frozenset({"SEC"})
)
FTC_US = Entity("ftc-us", "regulator", {"en": ("Federal Trade Commission", "FTC")})
FTC_TW = Entity("tw-ftc", "regulator", {"en": ("Taiwan FTC", "FTC"), "zh-Hant": ("公平交易委員會", "公平會")})
TRUMP = Entity("donald-trump", "person", {"en": ("Trump",), "zh-Hans": ("特朗普",), "zh-Hant": ("川普", "特朗普")})
PBOC = Entity("pboc", "regulator", {"en": ("People's Bank of China",), "zh-Hans": ("中国人民银行",)})
GLOSSARY = Glossary([SAMR, SEC, FTC_US, FTC_TW, TRUMP, PBOC])

ENTRY = "- {id: a, kind: term, en: a, zh-Hans: 甲, zh-Hant-TW: 甲, zh-Hant-HK: 甲"


def found(text: str, glossary: Glossary = GLOSSARY) -> list[tuple[str, str]]:
    """Return what is found as pairs of text and id."""
    return [(text[mention.start : mention.end], mention.entity.id) for mention in glossary.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Did SAMR meet Trump?", [("SAMR", "samr"), ("Trump", "donald-trump")], id="en"),
        pytest.param("市场监管总局约谈特朗普", [("市场监管总局", "samr"), ("特朗普", "donald-trump")], id="zh-Hans"),
        pytest.param("市場監管總局約談川普", [("市場監管總局", "samr"), ("川普", "donald-trump")], id="zh-Hant"),
        pytest.param("SAMR（市場監管總局）", [("SAMR", "samr"), ("市場監管總局", "samr")], id="brackets"),
        pytest.param("ＳＡＭＲ罰款", [("ＳＡＭＲ", "samr")], id="full width"),
        pytest.param("用SAMR的話", [("SAMR", "samr")], id="Latin between Han"),
        pytest.param("the People’s Bank of China", [("People’s Bank of China", "pboc")], id="curly apostrophe"),
        pytest.param("… ㎏ samr's", [("samr", "samr")], id="after characters that fold to several"),
        pytest.param("trumpet SAMRs 2SAMR", [], id="inside words"),
        pytest.param("", [], id="empty"),
    ],
)
def test_finds_names_in_every_script(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def test_the_longest_name_wins() -> None:
    assert found("Taiwan FTC 與總局") == [("Taiwan FTC", "tw-ftc"), ("總局", "samr")]


def test_a_shared_form_gives_a_mention_of_each_bearer() -> None:
    assert GLOSSARY.find("FTC") == [Mention(0, 3, FTC_US, ambiguous=True), Mention(0, 3, FTC_TW, ambiguous=True)]


def test_an_exact_form_counts_only_as_it_is_written() -> None:
    assert GLOSSARY.find("SEC, sec") == [Mention(0, 3, SEC, ambiguous=True)]


@pytest.mark.parametrize("text", ["X was fined.", "They fined X", "罚了X公司", "罰了 X 公司"])
def test_a_name_of_one_letter_is_found_and_not_inside_a_word(text: str) -> None:
    twitter = Entity("twitter", "company", {"en": ("X", "Twitter")}, exact=frozenset({"X"}))
    at = text.index("X")
    assert Glossary([twitter]).find(f"{text} Xavier") == [Mention(at, at + 1, twitter)]


def test_forms_are_folded_and_come_once() -> None:
    assert GLOSSARY.forms(TRUMP) == ("trump", "特朗普", "川普")


def test_names_are_the_folded_forms_in_han() -> None:
    expected = {"市场监管总局", "总局", "美国证交会", "公平交易委员会", "公平会", "特朗普", "川普", "中国人民银行"}
    assert GLOSSARY.names() == expected


def test_an_empty_glossary_finds_nothing() -> None:
    assert (Glossary().find("SAMR"), Glossary.open().names()) == ([], frozenset())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("- id: a\n  kind: term", "entry 1 (a) en: Field required", id="missing"),
        pytest.param(f"{ENTRY}}}\n{ENTRY}, note: b}}", "entry 2 (a) note: Extra inputs", id="unknown key"),
        pytest.param(ENTRY.replace("kind: term", "kind: law, kind: city") + "}", "entry 1 (a) kind: ", id="kind"),
        pytest.param(ENTRY.replace("en: a", "en: 360") + "}", "Put it in quotes.", id="number"),
        pytest.param(ENTRY + ", ambiguous: [b]}", "'b' is marked, but none of its names", id="stray mark"),
        pytest.param(ENTRY + ", aliases: {fr: [b]}}", "entry 1 (a) aliases fr", id="language"),
        pytest.param(f"{ENTRY}}}\n{ENTRY}}}", "id 'a' is used twice. Rename one.", id="id twice"),
        pytest.param("- en: [", "cannot be read", id="not YAML"),
        pytest.param("en: a", "Input should be a valid list", id="no list"),
        pytest.param("", "Input should be a valid list", id="empty"),
        pytest.param("- a", "entry 1 (a): ", id="bare word"),
    ],
)
def test_a_bad_file_is_named_with_entry_and_fix(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(GlossaryError) as caught:
        Glossary.open(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(GlossaryError, match=r"none\.yaml: cannot be read"):
        Glossary.open(tmp_path / "none.yaml")


def test_files_add_up(tmp_path: Path) -> None:
    more = tmp_path / "more.yaml"
    more.write_text(
        "- {id: vg, kind: company, en: Vårgårda, zh-Hans: 瓦, zh-Hant-TW: 瓦, zh-Hant-HK: 瓦}", encoding="utf-8"
    )
    glossary = Glossary.open(CORPUS / "glossary.yaml", more)
    assert found("Vårgårda and Temu", glossary) == [("Vårgårda", "vg"), ("Temu", "temu")]


@pytest.fixture(scope="module")
def shipped() -> Glossary:
    return Glossary.open(CORPUS / "glossary.yaml")


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("What did SAMR find?", "samr"),
        ("市监总局发现了什么？", "samr"),
        ("輝達被調查了嗎？", "nvidia"),
        ("英偉達被調查了嗎？", "nvidia"),
        ("英伟达被调查了吗？", "nvidia"),
        ("臉書", "facebook"),
        ("歐盟執委會", "european-commission"),
        ("数位中介服务法", "digital-intermediary-act-tw"),
        ("人臉辨識", "facial-recognition"),
        ("人脸识别", "facial-recognition"),
        ("gig workers", "gig-worker"),
        ("《個人資料（私隱）條例》", "pdpo"),
    ],
)
def test_the_shipped_glossary_knows_each_region_s_word(shipped: Glossary, text: str, id: str) -> None:
    assert [mention.entity.id for mention in shipped.find(text)] == [id]


def test_the_shipped_forms_are_all_found_as_themselves(shipped: Glossary) -> None:
    written = [(name, entity) for entity in shipped.entities for names in entity.names.values() for name in names]
    lost = [name for name, entity in written if entity not in [each.entity for each in shipped.find(name)]]
    assert lost == []


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The European Commission fined Meta.", "zh-Hans", {"European Commission": "欧盟委员会"}),
        ("The European Commission fined Meta.", "zh-Hant", {"European Commission": "歐盟執委會"}),
        ("The European Commission fined Meta.", "zh-Hant-HK", {"European Commission": "歐盟委員會"}),
        ("支付宝在中国的算法", "en", {"支付宝": "Alipay"}),  # neither places nor terms
        ("《通用數據保障條例》（GDPR）", "en", {"通用數據保障條例": "General Data Protection Regulation"}),
        ("支付寶", "zh-Hant", {}),
    ],
)
def test_counterparts_are_the_readers_names(
    shipped: Glossary, text: str, language: AnswerLanguage, expected: dict[str, str]
) -> None:
    assert shipped.counterparts(text, language) == expected


def test_offsets_are_those_of_the_original(shipped: Glossary) -> None:
    text = "½ … ﬁne: 臺灣公平會 v. Ｍｅｔａ"
    assert [text[m.start : m.end] for m in shipped.find(text)] == ["臺灣公平會", "Ｍｅｔａ"]
    assert all(fold(text[m.start : m.end]) in shipped.forms(m.entity) for m in shipped.find(text))
