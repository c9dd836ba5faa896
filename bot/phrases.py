"""The words by which a follow-up is known, in English and in Chinese, which is simplified as in folded text."""

from __future__ import annotations

import re


def pattern(lines: str) -> re.Pattern[str]:
    """Compile a pattern of several lines; its Chinese is simplified, as it is compared with folded text."""
    return re.compile(lines.replace("\n", ""), re.IGNORECASE)


MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
STRANGER = re.compile(
    rf"(?<=\w )(?!{MONTH}\b)[A-Z](?=[\w&-]{{0,30}}[a-z])[\w&-]{{1,30}}(?: [A-Z][a-z][\w&-]{{0,30}})*"
    r"|(?<![A-Za-z])[A-Z](?=[A-Za-z]{0,30}[a-z])[A-Za-z]{2,30}(?=[一-鿿])"
)
TIME = pattern(rf"""(?:\b(?:in|since|during|by|until|before|after|for|from|on) )?
(?:\b(?:last|this) (?:year|month|week)\b|\b(?:early |late )?(?:{MONTH} (?:\d\d?,? )?)?(?:19|20)\d\d\b(?!年))
|(?:19|20)\d\d年(?:\d\d?月)?(?:\d\d?[日号])?(?:[上下]半年)?|[去今前]年(?:\d\d?月)?|上个?[月周]""")
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
SHIFTS = {
    -1: pattern(r"\b(?:in )?the (?:year before|previous year)(?=\W*$)|前一年|上一年"),
    1: pattern(r"\b(?:in )?the (?:year after|following year)(?=\W*$)|次年|后一年|第二年"),
    0: pattern(r"\b(?:in )?(?:that|the same) year\b|那一?年|当年|同年"),
}
PRONOUN = pattern(r"""\b(?P<of>its|their|his)\b|\b(?P<it>it|they|them)\b|\b(?P<person>he|she|him|her)\b
|\b(?:the|this|that) (?:(?P<company>company|firm|platform)|(?P<regulator>regulator|agency|authority|watchdog)
|(?P<law>law|act|regulation|bill))\b(?! (?:that|which|on|of|in|for|behind)\b)
|(?P<zh_it>(?<!其)[它牠]们?|(?<![其吉])他们|(?<![尤与])其(?![他它中实余次间]))|(?P<zh_person>(?<![其吉])他(?![人国方们])|她们?)
|(?:[该此]|这家|那家|这间)(?P<zh_company>公司|企业|平台|集团)|该(?P<zh_regulator>监管机构|机构|部门)
|(?:[该此]|这[部项个]|那部)(?P<zh_law>法律|法案?|条例)""")
THINGS = ("company", "stranger", "law", "case", "regulator")
KINDS = {
    "company": ("company", "stranger"),
    "regulator": ("regulator", "place"),
    "law": ("law",),
    "person": ("person",),
}
EMPTY_IT = pattern(r"it (?:(?:is |was |be )?(?:true|legal|illegal|possible|likely|clear|safe)|take (?!effect))")
OBJECT = pattern(r"(?:it|them|him|her)(?=\W*$|[,;]| (?:in|for|under|over)\b)|[它他她]们?(?=\W*$|[多什哪几])")
OWN_NOUN = pattern(r"""\b(?:an?|each|every|any) (?:\w+ )?(?:company|firm|platform|developer|provider|user|model)\b
|\bthe [\w-]+ (?:company|giant|maker|firm|group|app|platform)\b|(?<![该此])(?<!这[家间])(?<!那家)
(?:公司|企业|平台|法院|用户)""")
POINTING = pattern(r"""\b(?:is|are|was|were|did|does|do|has|had|will|about|of|for|by|to|after|before|under|with|from)
 (?:that|this|those|these)\b|\bdo(?:ne|es|ing)? so\b|(?<![因如彼])此(?!外)|这|
该(?=[案项法机])|当时|上述|那[个笔项次部]""")
DEED = pattern(r"\b(?:fine|sue|punish|order|ban|investigate|accuse|charge|hit|block|sanction|raid|probe|force) $")
SUM = pattern(r"""how (?:much|big|large|high) (?:is|was) it\b|\bit (?:appealed|paid|announced|decided|upheld
|overturned|reduced|annulled|confirmed|published|imposed|split|calculated|set|raised|cut|final|mean)\b""")
"""`it` is the fine, or the ruling."""
ACTS = pattern(r"""\b(?:it|they) (?:also )?(?:fine|order|ban|investigate|approve|block)\b
|[它他]们?[还又也会要]?(?:罚|处罚|调查|约谈|裁定|批准|禁止)""")
ENACTED = pattern(r"""\b(?:effect|force|apply|applies|passed|enacted|adopted|amended|require)\b
|生效|施行|实施|适用|通过|修订|规定""")
LINK = pattern(
    r"(?:and|but|so|or|also|ok|okay)\b[, ]*(?:then )?|(?:那么?|而|但是?|还有|另外|所以)(?![个笔项次部家些年])[, ]*"
)
ABOUT = pattern(r"""(?:(?:and|but|so|or|ok|okay)\b[, ]*)?(?:what|how) about (?P<en>.+?)\W*
|(?:那么?|而|但|还有)?,? ?(?:换成|至于)?(?P<zh>.+?)呢\W*""")
VERBAL = pattern(r"\b(?:wh\w+|how|is|are|was|were|do|does|did|has|have|had|will|would|can|could|should)\b")
MORE = pattern(r"(?:tell|explain|go|continue|more|please|any)\b")
ASKS = pattern(r"[?？一-鿿]|\b(?:wh\w+|how|more|explain|continue|details)\b")
BARE = pattern(r"""(?:\b(?:a|an|the|and|but|so|or|then|also|too|else|again|still|yet|exactly|what|when|where|why|
whom?|whose|which|how|much|many|long|often|far|big|large|high|soon|is|are|was|were|be|been|do|does|did|has|have|had|will|would|
can|could|should|must|there|any|some|other|others|more|most|next|later|after|before|since|until|first|second|last|latest|
final|total|same|ones?|fine[sd]?|penalty|amount|sum|reasons?|result|outcome|happen(?:s|ed)?|start(?:ed)?|begin|end(?:ed)?|
appeal(?:ed)?|each|both|larger|smaller|biggest|penalties|reduced|upheld|law|legal|basis|rules?|exemptions?|enforced?|ruling|decision|decided?|take|effect|force|come|in|on|of|by|for|to|from|at|with|over|under|about|published|
announced|draft|date|day|month|year|deadline|time|case|court|say|said|respond|response|reaction|comply|pay|paid|details?|
explain|tell|me|us|please|go|continue|really|true|updates?|changed?|affected|conditions|exceptions|s)\b|
什么|甚么|时候|何|为啥|多[少久长大高]|哪|谁|怎样?|如何|几|原因|理由|结果|后来|然后|之后|最后|接下来|还|有|没|吗|呢|啊|的|了|是|在|被|要|会|能|
可以|得|又|再|都|就|个|家|天|月|日|年|次|钱|元|因|为|罚款?|罚金|金额|处罚|上诉|生效|开始|结束|实施|施行|公布|宣布|通过|回应|判决?|裁定|
决定|调查|依据|具体|详细|说说|展开|继续|讲|一?下|其[他它]|别的|更多|细节|例外|条件|期限|截止|真|日期|时间|规定|请|那|么|样|时|法律|依法|条|公司|企业|缴|交|付|到底|究竟|一|事|
发生|影响|不|[\W\d_])++""")
"""A question of these words alone names nothing that could be searched."""
WHICH = pattern(r"\b(?:which (?:compan|firm|platform|chip|app)|who\b)|哪[些几]?[家个间]?(?:公司|企业|平台)|谁")
DEFINES = pattern(r"what(?: is|'s| are) (?:an? )?[\w -]+\W*$|什么是|.+是什么(?:意思)?\W*$")
ADVERB = pattern("why|when|where|how|how much|how long|since when|为什么|为何|为啥|什么时候|甚么时候|何时|怎么")
OLD_EN = pattern(r"""(?:(?:how much|why|when|where|how|how long|(?:in|on) (?:which|what) \w+) )?
(?P<rest>(?:did|does|do|has|have|will|must) .+|(?:was|were|is|are) .*(?:\w\wed|given|hit|told|sent|made)\b.*)""")
OLD_ZH = pattern("因?为什么|为何|什么时候|甚么时候|何时|(?:在|是)?哪一?[年天]|(?<!是)了?多少(?:钱|亿?元|万元)?$")
BRACKETED = pattern(r"\(.{6,}\)\?$|（.{6,}）？$")
PHRASE = pattern("(?:for|in|by|to|under|at|from|with|after|before) ")
WORD = pattern("[a-z]{2,}|[一-鿿]")
PARTICLES = frozenset("the in for by from to under at on with of 呢 的 了 吗 在 对 和 与 跟 and".split())
