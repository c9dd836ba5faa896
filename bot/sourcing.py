"""The words around a name that make it the source of a report, and those around a language; in folded text."""

from __future__ import annotations

import re

HINT = re.compile(
    r"accord|report|cover|articles?|stories|publish|wr[io]t|sa(?:y|id)|describ|sources?|media|press|outlet|news"
    r"|报|来源|媒|文[章献]|资料|材料|信源|[据按依说写讲看称]"
)
"""A question without any of these is not read further."""

COMPARES = re.compile(
    r"\b(?:match\w*|differ\w*|compar\w+|contradict\w*|contrast\w*|same as|consistent|true|correct|accurate"
    r"|biased|versus|vs|unlike|other than|apart from|except|besides)\b"
    r"|一致|不同|区别|差[异别]|相符|对比|比较|相比|矛盾|吻合|属实|真的吗|真[实假]|准确|除了|以外"
)
DENIES = re.compile(
    r"(?:\b(?:not|never|without)|n['’]t)\b[^,.;?!]{0,20}$|(?:不是|并非|不[从在用看查]|(?<!有)没有?被?|未被?)$"
)
LIST = re.compile(r",? ?(?:and|or|[和与跟及或、,]) ?(?:the )?")
_VERB = r"(?:report(?:ed|ing)?|publish(?:ed|ing)?|say|said|saying|write|wrote|written|writing)"
_ON = r"(?: (?:about|on|of|regarding|concerning))"
_COVERS = r" (?:already |ever |recently )?(?:cover|describ)(?:e|ed|ing)?\b(?! (?:its|their)\b)"
_TELLS = rf" (?:already |ever |recently )?{_VERB}{_ON}\b(?! (?:its|their)\b)"
_ASKS = (
    r"(?:\b(?:what|how|when|where|why|which|who)\b[^.;?!]{0,40} |^)"
    r"(?P<lead>(?:did|do|does|has|have|had|is|are) (?:the )?)$"
)
_BY = r"(?P<lead>(?:根据|依据|按照?|[据依]))$"
_ABOUT = r"(?P<on>对[^,，。?？!！]{1,20}?|关于[^,，。?？!！]{1,20}?)?"
_WHAT = r"[说写讲][了过](?:什么|哪些)"


def _forms(*forms: tuple[str, str]) -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Compile what stands before a name, of which `lead` belongs to the phrase, and after it, but for a topic `on`."""
    return tuple((re.compile(before), re.compile(after)) for before, after in forms)


OF_ANY = _forms(
    (
        r"(?P<lead>\baccording to (?:(?:a |the )?reports? (?:by|from|in) )?(?:the )?)$",
        r",|(?=[.;:?!]|\s*$| (?:wh\w+|how|did|does|has|have|had|was|were|is|are|will|would|can|must|in|on|about)\b)",
    ),
    (r"(?P<lead>\b(?:articles?|reporting|stories) (?:by|from|in) (?:the )?)$", ""),
    (r"(?P<lead>\bas (?:reported|told|written) (?:by|in) (?:the )?)$", ",?"),
    (r"(?P<lead>(?:\b(?:in|from) )?(?:the )?)$", rf"(?:['’]s?)? (?:articles|reporting|stories){_ON}?\b"),
    (_ASKS, _COVERS),
    (
        _BY,
        r" ?(?:的?(?:相关|有关|最新)?(?:报[道导]|新闻)[,，]?"
        r"|(?:的?(?:消息|说法)|[称说讯]|披露|透露|通报|公[告布])?[,，])",
    ),
    (
        r"(?P<lead>在?)(?<!关于)(?<!有关)(?<!对于)(?<!针对)(?<!对)$",
        rf" ?{_ABOUT}(?:[曾是都又]|曾经|有没有|是否|最近)?(?:怎么|如何|怎样)?的?报[道导](?![者员])(?!之?后|以[后来])"
        r"(?:[里中上]?怎么[说写]|[了过]?(?:什么|哪些)|[里中说称])?的?",
    ),
)
OF_A_STRANGER = _forms(
    (r"(?P<lead>\b(?:reported|published|written|covered) (?:first )?(?:by|in) (?:the )?)$", ""),
    (r"(?P<lead>\b(?:reports?|coverage) (?:by|from|in) (?:the )?)$", ""),
    (r"(?P<lead>(?:\b(?:in|from) )?(?:the )?)$", rf"['’]s? (?:reports?|coverage|account){_ON}?\b"),
    (r"(?P<lead>\b(?:in|from) (?:the )?)$", r" (?:reports|coverage)\b"),
    (_ASKS, _TELLS),
    (r"\b(?:what|how) (?P<lead>(?:the )?)$", rf"(?: has| have)?(?:{_TELLS}|{_COVERS})"),
    (r"(?P<lead>)$", rf" ?{_ABOUT}是?(?:(?:怎么|如何|怎样)(?:[说写讲看]待?|描述|评[论价])的?|{_WHAT})"),
)
"""Of a regulator or a company these would ask what it has done: what did X report about its users."""

_LANGUAGE = r"(?P<language>(?:simplified|traditional)[- ]chinese|chinese|english)(?:[- ]language)?"
_TEXTS = r"(?:sources?|reports?|reporting|coverage|articles?|publications?)"
_MEDIA = r"(?:media|press|outlets?|newspapers?|news)"
_TRADE = (
    r"(?! (?:compan|group|firm|regulat|law|licen|owner|industr|market|releas|conferenc|platform|giant|organi|sector"
    r"|freedom))\b"
)
_ANY = r"(?:only |just |any |all |some |the )*"
_HAN_LANGUAGE = r"(?<![中])(?P<language>[简繁正]体(?:中文|字|版)?|中文|华文|英[文语])的?"
_HAN_TEXTS = r"(?:来源|报[道导]|文章|新闻|资料|材料|信源|文献)"
_HAN_MEDIA = r"(?:媒体|传媒|报[刊章纸])"
_HAN_DEEDS = (
    rf"{_ABOUT}(?:[是都又]|有没有|是否)?(?:(?:怎么|如何|怎样)?(?:报[道导](?![者员])|提到)"
    rf"|(?:怎么|如何|怎样)(?:[说写讲看]待?|描述|形容|评[论价])|{_WHAT}|有(?:什么|哪些|何)(?:报[道导]|说法|评论))的?"
)
IN_LANGUAGE = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<!invest )(?<!invested )(?<!investing )(?<!stake )(?<!stakes )(?<!shares )(?<!advertise )(?<!ads )"
        rf"\b(?:in|according to) {_ANY}{_LANGUAGE} (?:{_TEXTS}|{_MEDIA}){_TRADE}",
        rf"\b(?:from|using|only|just|based on|search|check) {_ANY}{_LANGUAGE} {_TEXTS}{_TRADE}",
        rf"\b(?:reported|covered|described|written|published) (?:by|in) (?:the )?{_LANGUAGE}"
        rf" (?:{_TEXTS}|{_MEDIA}){_TRADE}",
        rf"\b(?:coverage|reports?|reporting|articles?) (?:by|from|in) (?:the )?{_LANGUAGE} {_MEDIA}{_TRADE}",
        rf"(?:(?<=what )|(?<=how )|^)(?:do|did|does|have|has|are|is) (?:the )?{_LANGUAGE} (?:{_TEXTS}|{_MEDIA})"
        rf"(?:{_TELLS}|{_COVERS}| (?:say|put|report)\b(?! (?:its|their)\b))",
        rf"(?:(?<=what )|(?<=how ))(?:the )?{_LANGUAGE} (?:{_TEXTS}|{_MEDIA})(?:{_TELLS}|{_COVERS})",
        rf"\b(?:in|from|according to|only|using|based on|(?:is|are) there|(?<=what )(?:do|did)) {_ANY}"
        rf"(?:sources?|reports?|coverage|articles?) (?:written |published )?in {_LANGUAGE}\b"
        r"(?! (?:law|courts?|media|sources?|newspapers?))",
        rf"(?:根据|依据|按照?|[据依])(?:所有)?{_HAN_LANGUAGE}(?:{_HAN_TEXTS}|{_HAN_MEDIA})(?:的?报[道导])?[称说]?[,，]?",
        rf"(?:[在从]|只[看查用搜要限读]|仅[看查用限搜]|限于?|搜索?|查[看找]?)?(?:所有)?{_HAN_LANGUAGE}(?:{_HAN_TEXTS}|{_HAN_MEDIA})的?(?:报[道导])?"
        r"(?:里面?|当?中(?![国文心央小])|上)(?!投放|刊?登|做|打|发布|插)(?:(?:是)?怎么[说写]的?|[说写]了什么|有)?",
        rf"(?:只[看查用搜要限读]|仅[看查用限搜]|限于?|有(?:没有|哪些)?|[从])(?:所有)?{_HAN_LANGUAGE}{_HAN_TEXTS}",
        rf"(?:参考|引用|[用])(?:所有)?{_HAN_LANGUAGE}(?:来源|资料|材料|信源|文献|{_HAN_MEDIA}的?报[道导])",
        rf"{_HAN_LANGUAGE}(?:{_HAN_MEDIA}|{_HAN_TEXTS}){_HAN_DEEDS}",
    )
)
