"""Deeds in news of regulation, by their words in both languages: a claim may tell none that its quotations do not.

That a fine was withdrawn sounds much like that it was imposed; no likeness of meaning tells the two apart. Of NTREX's
translations, which are of news of every kind, 95 % tell the same deeds as their originals.
"""

from __future__ import annotations

import re

from bot.language import fold

_WORDS = {
    "withdrawn": (
        r"withdr[ae]w\w*|revok\w+|rescind\w*|cancel\w*|annul\w*|overturn\w*|quash\w*|repeal\w*"
        r"|lifted|scrap\w*|dropp\w+|waive\w*",
        "撤[回销案诉]|取消|废除|废止|推翻|免除|作废|豁免",
    ),
    "approved": (
        r"approv\w+|clear(?:s|ed|ance)|authori[sz]\w+|licen[cs]\w+|green.?light\w*",
        "批准|核准|放行|许可|获批",
    ),
    "forbidden": (
        r"bann?(?:ed|ing|s)?|prohibit\w*|block\w*|forbid\w*|forbade|outlaw\w*|barr(?:ed|ing)|bars",
        "禁[止令售用]|严禁|被禁|叫停|封杀|屏蔽|否决|阻止",
    ),
    "suspended": (
        r"suspen\w+|halt\w*|paus\w+|delay\w*|postpon\w+|froze\w*|stopp?\w*",
        "暂[停缓]|中止|停[止业产用]|推迟|延[期后迟]|叫停|冻结|搁置",
    ),
    "fined": (
        r"fin(?:e|es|ed|ing)|penalt\w+|penali[sz]\w+|sanction\w*",
        "罚|处以|制裁",
    ),
    "sued": (
        r"su(?:ed|es|ing)|lawsuits?|litigation",
        "起诉|诉讼|控告|提告|告上",
    ),
    "appealed": (
        r"appeal\w*",
        "上诉|抗告|申诉",
    ),
    "settled": (
        r"settl\w+",
        "和解|结案",
    ),
    "jailed": (
        r"jail\w*|imprison\w*|prison|arrest\w*|detain\w*|sentenced|convict\w*",
        "逮捕|拘[留押捕]|入狱|判刑|徒刑|被捕|有罪|坐牢|监禁",
    ),
    "acquitted": (
        r"acquit\w*|exonerat\w*|not guilty|innocent",
        "无罪|洗清",
    ),
    "resigned": (
        r"resign\w*|step(?:s|ped)? down|quit|oust\w*|sack\w*|dismiss\w*",
        "辞[职任去]|下台|卸任|离任|免职|解雇|罢免|驳回",
    ),
    "bankrupt": (
        r"bankrupt\w*|insolven\w+|liquidat\w+|collaps\w+",
        "破产|清算|倒闭|崩溃|资不抵债",
    ),
    "won": (
        r"won|wins?|winning|victor\w+|prevail\w*",
        "胜诉|获胜|赢|胜出|得胜|战胜|夺[冠得]",
    ),
    "lost": (
        r"los(?:t|es|ing)|defeat\w*",
        "败诉|落败|击败|输掉|丧失|失去|损失",
    ),
    "bought": (
        r"acqui(?:re[sd]?|ring|sition)\w*|buy(?:s|ing)?|bought|takeover|merge[rds]*|merging",
        "收购|并购|合并|[购买]下|买[入断]|入股",
    ),
    "apologised": (
        r"apologi[sz]\w+|apolog(?:y|ies)|sorry",
        "道歉|致歉|抱歉",
    ),
    "admitted": (
        r"admit\w*|confess\w*|plead\w* guilty|pled guilty",
        "承认|认罪|坦承|坦言",
    ),
    "refunded": (
        r"refund\w*|reimburs\w*|compensat\w*|repa(?:y|id)\w*",
        "退[款还费]|赔偿|偿还|补偿|退回",
    ),
    "resumed": (
        r"resum\w+|reinstat\w*|restor\w+|reopen\w*",
        "恢复|重[启开]|复[业工职]",
    ),
    "hacked": (
        r"hack\w*|cyber.?attack\w*|breach(?:ed)? (?:by|into)",
        "黑客|入侵|网络攻击",
    ),
}

DEEDS: dict[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{english})\b|{chinese}") for name, (english, chinese) in _WORDS.items()
}


def deeds(text: str) -> set[str]:
    """Return what a text tells to have been done, or not to have been done."""
    folded = fold(text)
    return {name for name, pattern in DEEDS.items() if pattern.search(folded)}
