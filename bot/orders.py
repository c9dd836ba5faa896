"""Text that is meant for a model and not for a reader: orders in articles, and what makes them look like ours."""

from __future__ import annotations

import re
import unicodedata

_BRACKETS = str.maketrans("[]【】［］〔〕<>", "()()()()‹›")


def shown(text: str) -> str:
    """Return a text without what could pass for a marker or a tag, and without characters that nobody sees."""
    seen = "".join(character for character in text if unicodedata.category(character) not in ("Cf", "Cn", "Co"))
    return " ".join(seen.translate(_BRACKETS).split())


def speaks_to_a_model(text: str) -> bool:
    """Whether a sentence gives orders to whoever writes about it, as no report does; no sentence of the corpus does."""
    return bool(_ORDERS.search(unicodedata.normalize("NFKC", shown(text))))


_MODEL = r"(?:ai|a\.i\.|assistants?|chatbots?|(?:large |ai )?(?:language )?models?|llms?|bots?)"
_ZH_MODEL = "(?:AI|人工智[能慧]|大?(?:语言|語言)?模型|聊天机器人|聊天機器人|智能助[手理]|助手)"
_PATTERNS = (
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,30}"
    r"\b(?:instructions?|prompts?|guidelines|everything|rules above)\b",
    r"\b(?:system|hidden|initial|original) (?:prompt|instructions?)\b",
    rf"\byou are (?:now )?(?:an? )?(?:\w+ )?{_MODEL}\b|\bas an? {_MODEL},",
    rf"\b(?:dear|attention|note to|message (?:to|for)|instructions? (?:to|for)|hey) (?:the |all |any )?{_MODEL}\b",
    rf"^{_MODEL}[:,]|\bto (?:the |any |all )?{_MODEL} (?:reading|summari[sz]ing|processing)\b",
    r"\b(?:reveal|print|repeat|output|show|leak|disclose|send)\b.{0,20}"
    r"\byour (?:\w+ )?(?:prompt|instructions?|key|rules)\b",
    r"\byour (?:answer|reply|response|summary|output|next sentence)\b|\byour (?:new )?(?:task|role|instructions?)\b",
    r"^(?:now )?(?:answer|reply|respond|say|write|state|output|print)\b.{0,24}[:\"“‘']",
    r"^(?:say|write|state|claim) that\b",
    r"^(?:always |only |never |do not |don't )+(?:cite|mention|quote|tell|reveal|answer|reply)\b",
    r"\bjailbreak|\bdeveloper mode\b|\bBEGIN (?:SYSTEM|PROMPT)\b",
    r"‹\s*/?\s*(?:source|system|user|assistant|instructions?)\b[^›]{0,20}›|‹\|",
    r"(?:忽略|无视|無視|忘记|忘記|不要理会|不要理會|不必遵守|绕过|繞過).{0,12}"
    r"(?:指令|指示|提示|规则|規則|以上|之前|前面|上文)",
    r"(?:系统|系統|初始|隐藏|隱藏)(?:提示[词詞]?|指令)",
    rf"(?:你|您)(?:现在|現在)?是(?:一?[个個名位])?.{{0,6}}{_ZH_MODEL}|(?:作为|作為|身为|身為).{{0,4}}{_ZH_MODEL}[,，]",
    rf"(?:致|各位|亲爱的|親愛的|请|請|给|給)(?:所有|各位|正在\w{{0,6}}的)?{_ZH_MODEL}(?:[:,，们們注请請]|必[须須])",
    rf"^{_ZH_MODEL}[:,，]",
    r"(?:泄露|洩露|输出|輸出|打印|列印|复述|複述|重复|重複|公开|公開|告诉|告訴).{0,6}(?:你|您)的.{0,4}"
    r"(?:提示|指令|密[钥鑰]|规则|規則)",
    r"(?:你|您)的(?:回答|回复|回覆|答案|摘要|输出|輸出|任务|任務|下一句)",
    r"^(?:请|請)?(?:只|仅|僅)?(?:回答|回复|回覆|输出|輸出|写道|寫道)[:“「『]|^(?:请|請)?(?:说|說|写|寫|声称|聲稱)[:,“「『]",
    r"^(?:请|請)?(?:不要|切勿|别|別|只|仅|僅)(?:引用|引述|提及|回答)|越狱|越獄|(?:开发者|開發者)模式",
)
_ORDERS = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE)
