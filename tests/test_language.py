"""Language and script, the matching form and its offsets, mainland words, rendering, cleaning."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.language import Folded, Script, clean, detect, fold, fold_with_offsets, mainland_terms, render
from bot.records import Language

ODD = "aZé ﬁßİ…½①㍿％１２ＡＢ\n\t\r「」，。支付寶宝計畫乾髮发裡里臺薴畢昇👩"
ODD += "\u00a0\u3000\x00\ud800\udc00\ufeff\u200f\u200d\U00020000"
LAST_HAN = 0x323AF
CHARACTERS = st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=()))
texts = st.text(CHARACTERS, max_size=40)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("Regulators fined the company.", "en", id="English"),
        pytest.param("监管机构对该公司处以罚款。", "zh-Hans", id="简体"),
        pytest.param("監管機構對該公司處以罰款。", "zh-Hant", id="繁體"),
        pytest.param("螞蟻集團", "zh-Hant", id="name"),
        pytest.param("Alipay被罚了多少？", "zh-Hans", id="English name, Chinese question"),
        pytest.param("What is 支付寶?", "en", id="Chinese name, English question"),
        pytest.param("Who founded 螞蟻集團 and 阿里巴巴集團?", "en", id="two long names"),
        pytest.param("Alipay (支付寶)", "en", id="name in brackets"),
        pytest.param("（支付寶）", "zh-Hant", id="only brackets"),
        pytest.param("蚂蚁集团（Ant Group Co Ltd）", "zh-Hans", id="English in brackets"),
        pytest.param("Alibaba Group Holding Ltd 为什么被罚?", "zh-Hans", id="long English name"),
        pytest.param("Google、Meta、Apple、Amazon 與 Microsoft 遭歐盟調查", "zh-Hant", id="full of companies"),
        pytest.param("股票", "zh-Hans", id="neutral"),
        pytest.param("人工智慧", "zh-Hant", id="neutral characters, Taiwan's word"),
        pytest.param("台灣后里", "zh-Hant", id="traditional characters that look simplified"),
        pytest.param("", "en", id="empty"),
        pytest.param("2021-09-14 ?!", "en", id="no letters"),
        pytest.param("\x00\ud800", "en", id="NUL and lone surrogate"),
        pytest.param("中国当局、アリババに罰金", "en", id="Japanese"),
        pytest.param("카카오페이 과징금", "en", id="Korean"),
    ],
)
def test_detects_language_and_script(text: str, language: Language) -> None:
    assert detect(text) == language


def test_default_decides_where_the_text_does_not() -> None:
    assert [detect(text, default="zh-Hant") for text in ("", "股票", "アリババ", "罚款", "fine")] == [
        "zh-Hant",
        "zh-Hant",
        "zh-Hant",
        "zh-Hans",
        "en",
    ]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("Alipay’s FINE", "alipay’s fine", id="English"),
        pytest.param("支付宝被罚", "支付宝被罚", id="简体"),
        pytest.param("支付寶被罰", "支付宝被罚", id="繁體"),
        pytest.param("１８２％", "182%", id="full width"),
        pytest.param("ﬁne…", "fine...", id="ligature and ellipsis"),
        pytest.param("Straße", "strasse", id="ß"),
        pytest.param("İ", "i̇", id="İ"),
        pytest.param("6½", "6½", id="fractions stay"),
        pytest.param("👩\u200d💻\u200f", "👩\u200d💻\u200f", id="emoji and mark of direction"),
        pytest.param("a\x00\ud800", "a\x00\ud800", id="nothing is removed"),
        pytest.param("乾隆 蕭乾 畢昇", "干隆 萧干 毕升", id="blind to context"),
        pytest.param("瞭解、藉口", "了解、借口", id="瞭 and 藉"),
    ],
)
def test_folds_for_matching(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_both_scripts_of_a_name_fold_to_the_same() -> None:
    assert fold("蕭乾與張昇") == fold("萧乾与张昇")


@given(texts, texts)
@example("畢", "昇")
@example("e", "\u0301")
def test_folding_is_idempotent_and_blind_to_context(a: str, b: str) -> None:
    assert fold(fold(a)) == fold(a)
    assert fold(a + b) == fold(a) + fold(b)


def test_every_code_point_folds_to_something_stable() -> None:
    folds = [fold(chr(code)) for code in range(LAST_HAN + 1)]
    assert all(folds)
    assert [hex(code) for code, folded in enumerate(folds) if fold(folded) != folded] == []


@given(texts, st.data())
def test_a_folded_span_lies_in_the_fold_of_its_original(text: str, data: st.DataObject) -> None:
    folded = fold_with_offsets(text)
    start = data.draw(st.integers(0, len(folded.text)))
    end = data.draw(st.integers(start, len(folded.text)))
    first, last = folded.original(start, end)
    assert 0 <= first <= last <= len(text)
    assert folded.text[start:end] in fold(text[first:last])
    if last - first > 1:  # and it is the shortest
        assert len(fold(text[:first])) <= start < len(fold(text[: first + 1]))
        assert len(fold(text[: last - 1])) < end <= len(fold(text[:last]))


@pytest.mark.parametrize(
    ("text", "found", "original"),
    [
        pytest.param("Wait… Alipay", "alipay", "Alipay", id="English"),
        pytest.param("“㍿”支付宝", "支付宝", "支付宝", id="简体"),
        pytest.param("等等……支付寶", "支付宝", "支付寶", id="繁體"),
        pytest.param("x ﬁne y", "ine", "ﬁne", id="inside a ligature"),
    ],
)
def test_finds_its_way_back_to_the_original(text: str, found: str, original: str) -> None:
    folded = fold_with_offsets(text)
    start = folded.text.index(found)
    first, last = folded.original(start, start + len(found))
    assert text[first:last] == original


def test_keeps_no_map_where_lengths_agree() -> None:
    assert fold_with_offsets("支付寶 ALIPAY") == Folded("支付宝 alipay")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        pytest.param("Artificial intelligence (人工智慧)", "", id="English"),
        pytest.param("该程序的文件", "", id="简体"),
        pytest.param("該軟體使用人工智慧，連上網路。", "该软件使用人工智能 连上网络", id="繁體"),
        pytest.param("螞蟻集團被罰，支付寶也是。", "", id="nothing to add"),
        pytest.param("這個計畫，這個計畫。", "这个计划", id="once"),
        pytest.param("私隱專員搜尋機率", "私隐专员搜索概率", id="Hong Kong"),
        pytest.param("烏茲別克斯坦與伊利諾伊", "", id="no doubled endings"),
        pytest.param("軟體\x00\ud800", "软件", id="NUL and lone surrogate"),
    ],
)
def test_adds_the_mainlands_words_to_traditional_text(text: str, terms: str) -> None:
    assert mainland_terms(text) == terms


@given(texts)
def test_mainland_terms_are_folded(text: str) -> None:
    assert mainland_terms(text) == fold(mainland_terms(text))


@pytest.mark.parametrize(
    ("script", "rendered"),
    [
        ("zh-Hans", "据报道，软件网络平台里有1篇。"),
        ("zh-Hant", "據報導，軟件網絡平台裡有1篇。"),
        ("zh-Hant-TW", "據報導，軟體網路平台裡有1篇。"),
        ("zh-Hant-HK", "據報道，軟件網絡平台裏有1篇。"),
    ],
)
def test_renders_in_the_readers_script(script: Script, rendered: str) -> None:
    assert render("据报道，软件网络平台里有1篇。", script) == rendered


@pytest.mark.parametrize(
    ("script", "rendered"),
    [
        ("zh-Hans", "这里有1组报导，衣着与著作。"),
        ("zh-Hant", "這裡有1組報導，衣著與著作。"),
        ("zh-Hant-TW", "這裡有1組報導，衣著與著作。"),
        ("zh-Hant-HK", "這裏有1組報道，衣着與著作。"),
    ],
)
def test_renders_taiwans_words_for_each_region(script: Script, rendered: str) -> None:
    assert render("這裡有1組報導，衣著與著作。", script) == rendered


@pytest.mark.parametrize("script", ["zh-Hans", "zh-Hant", "zh-Hant-TW", "zh-Hant-HK"])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The fine was “record”. [1] 👩‍💻", id="English"),
        pytest.param("“网络软件发布”", id="简体"),
        pytest.param("「網路軟體『發布』」", id="繁體"),
        pytest.param('"网络" 「軟體」', id="both scripts"),
        pytest.param("https://example.com/发布?q=軟體", id="address"),
    ],
)
def test_never_renders_quotations_and_addresses(text: str, script: Script) -> None:
    assert render(text, script) == text


def test_renders_around_a_quotation_in_another_script() -> None:
    assert (
        render("该公司说：「監管機構發布了」，见 www.a.cn/发。", "zh-Hant")
        == "該公司說：「監管機構發布了」，見 www.a.cn/发。"
    )


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("处罚对象发表声明", "處罰對象發表聲明"),
        ("行政程序与应用程序", "行政程序與應用程式"),
        ("《个人信息保护法》", "《個人信息保護法》"),
        ("行政程序", "行政程序"),
        ("該程序與文件", "該程序與文件"),
    ],
)
def test_taiwans_form_keeps_words_of_law(text: str, rendered: str) -> None:
    assert render(text, "zh-Hant-TW") == rendered


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        pytest.param("\ufeffAlipay\x00 was\r\nfined\r.", "Alipay was\nfined\n.", id="English"),
        pytest.param("支付宝\x0b被罚\u2028。", "支付宝\n被罚\n。", id="简体"),
        pytest.param("支付\ud800寶\x1b被罰\x85。", "支付寶被罰\n。", id="繁體"),
        pytest.param("a\tb\n", "a\tb\n", id="tab and line end stay"),
        pytest.param("👩\u200d💻 \u200fשלום\u200e", "👩\u200d💻 \u200fשלום\u200e", id="emoji and marks of direction"),
        pytest.param("\ud83d\ude00", "😀", id="halves of a pair"),
        pytest.param("\udc00a\ud800", "a", id="halves apart"),
    ],
)
def test_cleans(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(texts)
@example("\r\x00\n")
@example("\ud83d\ufeff\ude00")
def test_cleaning_is_idempotent_and_leaves_what_utf8_holds(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned
    assert not set(cleaned) & set("\x00\ufeff\r\x0b\x0c\x1b\x85\u2028")


def test_many_threads_get_the_same_answers() -> None:
    questions = ["監管機構的軟體", "监管机构的软件", "What is 支付寶?"] * 50
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda q: (detect(q), fold(q), mainland_terms(q), render(q, "zh-Hans")), questions))
    assert answers == answers[:3] * 50
