"""Which sentences can stand as a line of their own, and which of them say what changed or what is to come."""

from __future__ import annotations

import re

from bot.language import fold
from bot.passages import tokens

SHORTEST = 6.0
LONGEST = 110.0
"""Tokens of a line, about: less is a caption or a cry, more is not read."""


def stands_alone(sentence: str, *, first: bool = False) -> bool:
    """Whether a sentence can be read without the ones before it: no `He said`, no 对此, no `eight days later`.

    The `first` of an article has none before it.
    """
    folded = fold(" ".join(sentence.split()))
    whole = SHORTEST <= tokens(sentence) <= LONGEST and _ENDED.search(folded) and not _AROUND.search(folded)
    return bool(whole) and (first or not (_LEANING.match(folded) or _POINTING.search(folded)))


def vague(sentence: str) -> bool:
    """Whether a sentence says `the company` or 该法 for its subject: readable under a headline, not without one."""
    return bool(_VAGUE.match(sentence) or _VAGUE_CHINESE.match(fold(sentence)))


def looks_ahead(sentence: str) -> bool:
    """Whether a sentence tells what is still to come."""
    return bool(_AHEAD.search(fold(sentence)))


def changes(sentence: str) -> bool:
    """Whether a sentence tells what is otherwise than before."""
    return bool(_CHANGED.search(fold(sentence)))


def _pattern(*lines: str) -> re.Pattern[str]:
    """Compile what matches any of these; Chinese is simplified, as it is compared with folded text."""
    return re.compile("|".join(lines))


_ENDED = _pattern(r"[.!。！][\"'”’」』）)]*$")
_LEANING = _pattern(
    r"(?:first|second|third|fourth|fifth|sixth|last)(?:ly)?,",
    r"[\"“'‘]?(?:he|she|it|they|we|i|this|that|these|those|his|her|its|their|our|such|both|another|others|neither"
    r"|each|one (?:of|is|was|has|had)|some|many|all|none|most (?:of|remaining|other))\b",
    r"(?:and|but|or|so|yet|also|however|instead|meanwhile|moreover|furthermore|besides|then|there|thus|hence|therefore"
    r"|otherwise|still|separately|similarly|likewise|nevertheless|nonetheless|previously|earlier|later|since then"
    r"|additionally|consequently|by contrast|in contrast|in addition|in turn|as a result|at the same time|for example"
    r"|for instance|among (?:them|these|those|other)|apart from (?:that|this)|because of (?:that|this)|hours before"
    r"|the (?:former|latter|other|others|rest|same|two|three|second|third|first of|remaining|published|sum|change|move"
    r"|new figure|answers?|reasons?)|until (?:then|now)|under (?:it|them|this|these)|to (?:that|this)|on top of|even"
    r"|only|if so|if not|where it|where they|once it|once they|when it|as it|after it|although it|while it)\b",
    r"(?:[a-z]+|\d+) (?:hours?|days?|weeks?|months?|years?) (?:later|earlier|after|before|on)\b",
    r"(?:on|in|at|from|since|by) (?:the same|that|this|these|those)\b|(?:a|the) (?:day|week|month|year) (?:later|before"
    r"|earlier|after)\b",
    r"[“‘「『]?(?:[他她它]们?|其(?![他余])|该|此|这|那|对此|为此|据此|因此|由此|从此|另外?|同时|与此|而且?|但|不过|然而|却"
    r"|并|也|亦|还|又|再|则|随后|随即|之后|其后|此后|此前|之前|早前|后来|后续|同日|同月|同年|同期|翌日|次日|次年|当[日天时年月]|其[中余]|上述|前述|以上"
    r"|双方|两者|二者|后者|前者|届时|在此|至于|例如|比如|反之|否则|换言之|也就是说|相比之下|相较|至此|所以|于是|尽管如此|即便如此|除此|综上|最后一|前[两三]项"
    r"|两[案国地日天周]|[一二两三四五六七八九十\d]+(?:天|日|周|个?月|年)[之以]?[后前]|(?:前|后)一[天日周年月]|理由是|原因是|内容包括|包括)",
)
_POINTING = _pattern(
    r"\b(?:the same day|that day|the day before|the next day|the previous day|[a-z]+ (?:days|weeks) (?:later|earlier)"
    r"|(?:he|she|they|it) (?:said|added|told|wrote|noted|argued)[.,]?$|(?:he|she) (?:said|added|told|wrote)\b"
    r"|as (?:mentioned|noted|described) above|the above|the (?:former|latter)|that (?:these|this|those|it|they))\b",
    r"^[\d年月日]{3,12}[，,]?(?:又|并|还|也|再|随后|其(?!他)|该|双方|两)|前者|后者|上述|如此(?!外)|这(?=[是也项些两一次个]|[^，。]{0,4}案)|[，,](?:此[举案次]|该)|同日|同一[天日]|当[日天](?!冕)|翌日|次日|前一[天日]|如上所述|上文|下文|[他她](?:说|表示|称|指出|认为)",
)
_AROUND = _pattern(
    r"\?|？|^(?:photo|image|picture|credit|source|read more|read also|related|subscribe|sign up|copyright|©|editor|"
    r"correction|advertisement)\b|click here|all rights reserved",
    r"^[（(【\[]?(?:图|来源|记者|编辑|责编|责任编辑|校对|供图|版权|延伸阅读|相关阅读|更多|点击|关注|订阅)|扫码|未经授权",
)
_VAGUE = _pattern(
    r"(?:The|An?|Its) (?:[a-z-]+ )?(?:company|companies|firm|firms|group|regulators?|agency|authority|watchdog|ministry"
    r"|body|law|act|bill|regulation|directive|code|rules?|measures|provisions|draft|fines?|penalty|decision|ruling"
    r"|judgment|order|court|judge|jury|case|cases|deal|platforms?|proposal|agreement|list|report|figures?|amount"
    r"|statement|investigation|inquiry|probe|review|settlement|office|commission|government|plan|suit|complaint"
    r"|penalties|sum|scheme|app|ban|board|council|panel|tribunal|designation|obligations|period)\b(?!['’])",
)
_VAGUE_CHINESE = _pattern(
    r"(?:公司|企业|平台|监管机构|监管部门|机构|部门|法院|法官|法案|法律|条例|办法|规定|罚款|决定|判决|裁定|案件|交易|草案|新规|新法|处罚|修法|政府"
    r"|调查|各方|当局|官方|文件|公告|通知|名单|措施|标准|规则|总额|金额|合计|委员会|交易所|主管机关|提案|协议|计划|试点)",
)
_AHEAD = _pattern(
    r"\b(?:will|shall|is to|are to|is due|are due|is set to|are set to|is expected|are expected|intends? to|plans? to"
    r"|(?:takes?|come|comes|enters?|go|goes) (?:into |in )?(?:full )?(?:effect|force)|(?:start|begin)s? to apply"
    r"|appl(?:y|ies) (?:in full )?(?:from|as of)|(?:has|have) until|deadline"
    r"|must .{0,80}\bby (?:the end|\d|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*"
    r"|next (?:step|year|month|week)"
    r"|is pending|are pending|remains? open|still has to|still have to|can appeal|may appeal|would appeal)\b",
    r"将(?:于|在|会|由|从|继续|向|对|提|上|把|以|推|另|分|自)|拟于|预计|计划于?|[自从](?:明年|20\d\d年|\d{1,2}月)[^，。]{0,8}[起始]|[须应][于在].{0,14}前"
    r"|明年|下个?月|届满|尚待|有待|仍须|仍需|仍在审|待.{1,10}(?:批准|审议|通过|裁决)|可以?(?:在.{0,12})?上诉|最[迟晚]"
    r"|20\d\d年[^，。]{0,6}(?:会|将|再)",
)
_CHANGED = _pattern(
    r"^(?!if |when |should )(?=.*(?:\bno longer\b"
    r"|\b(?:replac|scrapp|overturn|annull?|quash|rescind|revok|repeal)(?:s|es|ed)\b"
    r"|\b(?:withdrew|(?<!be )withdrawn|gave up|given up|was relaxed|were relaxed)\b|\b(?:down|up) from\b"
    r"|\b(?:cut|reduced|lowered|raised|increased|revised|lifted|trimmed|relaxed|shortened|extended)\b.{0,60}"
    r"\bfrom .{1,40} to\b))",
    r"^(?!如|若|一旦|假如)(?=.*(?:改为|不再|撤[销回](?!的)|(?<!举证)推翻|废止|取[消代]|放宽|收紧|转[为入]"
    r"|[由从][^，。]{1,24}(?:改|变|增|减|降|升|提高|扩大|下调|上调|延长|缩短)))",
)
