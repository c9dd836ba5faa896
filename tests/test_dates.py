"""Time expressions in three scripts: which window of publication dates, how hard, and what is left to search for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.dates import LONGEST, TimeReading, Window, read_time

TODAY = date(2024, 3, 6)  # a Wednesday


def none(id: str, question: str, *, latest: bool = False) -> Any:
    return pytest.param(question, TimeReading(None, latest, question), id=id)


def hard(id: str, question: str, said: str, dates: str, text: str, *, latest: bool = False, soft: bool = False) -> Any:
    since, until = (date.fromisoformat(day) if day else None for day in dates.split("/"))
    start = question.index(said)
    return pytest.param(
        question, TimeReading(Window(since, until, start, start + len(said), soft), latest, text), id=id
    )


def soft(id: str, question: str, said: str, dates: str, text: str) -> Any:
    return hard(id, question, said, dates, text, soft=True)


ENGLISH = [
    soft("month", "What did the EU do in March 2022?", "in March 2022", "2022-03-01/2022-03-31", "What did the EU do?"),
    soft(
        "month, abbreviated",
        "What did the EU do in Sept. 2022?",
        "in Sept. 2022",
        "2022-09-01/2022-09-30",
        "What did the EU do?",
    ),
    soft("year", "What was Ant fined in 2021?", "in 2021", "2021-01-01/2021-12-31", "What was Ant fined?"),
    soft("year at the start", "In 2021, what did Didi do?", "In 2021", "2021-01-01/2021-12-31", "what did Didi do?"),
    hard("last week", "What happened last week?", "last week", "2024-02-26/2024-03-03", "What happened?"),
    hard("last month, for news", "Any news from last month?", "from last month", "2024-02-01/2024-02-29", "Any news?"),
    hard("last month's news", "Show me last month's news", "last month's", "2024-02-01/2024-02-29", "Show me news"),
    hard(
        "last week's news on a subject",
        "Show me last week's AI regulation news",
        "last week's",
        "2024-02-26/2024-03-03",
        "Show me AI regulation news",
    ),
    hard(
        "last year",
        "Which fines were issued last year?",
        "last year",
        "2023-01-01/2023-12-31",
        "Which fines were issued?",
    ),
    hard(
        "this year, so far",
        "What has the FTC done this year?",
        "this year",
        "2024-01-01/2024-03-06",
        "What has the FTC done?",
    ),
    hard(
        "yesterday",
        "What did Apple announce yesterday?",
        "yesterday",
        "2024-03-05/2024-03-05",
        "What did Apple announce?",
    ),
    hard(
        "the day before yesterday",
        "What happened the day before yesterday?",
        "the day before yesterday",
        "2024-03-04/2024-03-04",
        "What happened?",
    ),
    hard("today as a day", "What happened today?", "today", "2024-03-06/2024-03-06", "What happened?"),
    none("today as now", "How is crypto regulated today?", latest=True),
    hard(
        "past months",
        "What did the CAC do in the past three months?",
        "in the past three months",
        "2023-12-06/2024-03-06",
        "What did the CAC do?",
    ),
    hard(
        "last days",
        "What happened over the last 10 days?",
        "over the last 10 days",
        "2024-02-25/2024-03-06",
        "What happened?",
    ),
    hard(
        "past year",
        "Which firms were fined in the past year?",
        "in the past year",
        "2023-03-06/2024-03-06",
        "Which firms were fined?",
    ),
    hard("ago", "What did Meta do two months ago?", "two months ago", "2024-01-01/2024-01-31", "What did Meta do?"),
    soft("since a year", "Which firms were fined since 2023?", "since 2023", "2023-01-01/", "Which firms were fined?"),
    soft(
        "since a month without a year", "What happened since January?", "since January", "2024-01-01/", "What happened?"
    ),
    hard("since last week", "What happened since last week?", "since last week", "2024-02-26/", "What happened?"),
    soft("after a year", "What happened after 2022?", "after 2022", "2023-01-01/", "What happened?"),
    soft("before a year", "Which rules existed before 2021?", "before 2021", "/2020-12-31", "Which rules existed?"),
    hard(
        "before last year", "What laws passed before last year?", "before last year", "/2022-12-31", "What laws passed?"
    ),
    soft("until a year", "Who was in charge until 2023?", "until 2023", "/2023-12-31", "Who was in charge?"),
    soft("since a day", "What happened since 1 May 2023?", "since 1 May 2023", "2023-05-01/", "What happened?"),
    none("since an event", "What has changed since the AI Act was passed?"),
    soft(
        "since an event of a year",
        "What has changed since the AI Act was passed in 2023?",
        "in 2023",
        "2023-01-01/",
        "What has changed since the AI Act was passed?",
    ),
    soft(
        "before an event of a month",
        "What did Google say before it was fined in May 2022?",
        "in May 2022",
        "/2022-05-31",
        "What did Google say before it was fined?",
    ),
    soft(
        "from a year onwards",
        "What has Meta done from 2023 onwards?",
        "from 2023 onwards",
        "2023-01-01/",
        "What has Meta done?",
    ),
    soft(
        "between months",
        "What happened between May and July 2021?",
        "between May and July 2021",
        "2021-05-01/2021-07-31",
        "What happened?",
    ),
    soft(
        "between months over a new year",
        "What happened between November and February 2022?",
        "between November and February 2022",
        "2021-11-01/2022-02-28",
        "What happened?",
    ),
    soft(
        "from year to year",
        "Which fines fell from 2019 to 2021?",
        "from 2019 to 2021",
        "2019-01-01/2021-12-31",
        "Which fines fell?",
    ),
    soft(
        "two months of a year",
        "What did Ant do in July and August 2021?",
        "in July and August 2021",
        "2021-07-01/2021-08-31",
        "What did Ant do?",
    ),
    soft("quarter", "What did Google do in Q3 2023?", "in Q3 2023", "2023-07-01/2023-09-30", "What did Google do?"),
    hard(
        "quarter of last year",
        "What did Google do during the second quarter of last year?",
        "during the second quarter of last year",
        "2023-04-01/2023-06-30",
        "What did Google do?",
    ),
    soft(
        "half",
        "What did the EU decide in the first half of 2022?",
        "in the first half of 2022",
        "2022-01-01/2022-06-30",
        "What did the EU decide?",
    ),
    soft("early", "What happened in early 2021?", "in early 2021", "2021-01-01/2021-04-30", "What happened?"),
    soft("mid-month", "Who objected in mid-July 2023?", "in mid-July 2023", "2023-07-11/2023-07-20", "Who objected?"),
    soft("late", "What happened in late 2021?", "in late 2021", "2021-09-01/2021-12-31", "What happened?"),
    soft(
        "end of", "What happened at the end of 2021?", "at the end of 2021", "2021-09-01/2021-12-31", "What happened?"
    ),
    soft("month without a year", "What happened in May?", "in May", "2023-05-01/2023-05-31", "What happened?"),
    none("may is no month", "What may Alibaba do?"),
    soft("month at the end", "Alibaba fine September 2021", "September 2021", "2021-09-01/2021-09-30", "Alibaba fine"),
    hard("ISO month of news", "news about Didi 2021-09", "2021-09", "2021-09-01/2021-09-30", "news about Didi"),
    hard(
        "articles published on a day",
        "articles published on 1 November 2021",
        "on 1 November 2021",
        "2021-11-01/2021-11-01",
        "articles published",
    ),
    hard("news of a day", "news of April 10, 2021", "of April 10, 2021", "2021-04-10/2021-04-10", "news"),
    hard(
        "published makes it hard",
        "Which articles were published in July 2021?",
        "in July 2021",
        "2021-07-01/2021-07-31",
        "Which articles were published?",
    ),
    soft(
        "last year's thing",
        "How large was last year's fine on Meta?",
        "last year's",
        "2023-01-01/2023-12-31",
        "How large was fine on Meta?",
    ),
    soft(
        "rule that took effect",
        "Which bans took effect last month?",
        "last month",
        "2024-02-01/2024-02-29",
        "Which bans took effect?",
    ),
    none("asks for the date", "When did PIPL take effect?"),
    none("day as content", "What takes effect on 1 November 2021?"),
    none("day of an event", "What did the court say on July 28, 2021?"),
    none("year of a thing", "What did the 2020 complaint say?"),
    none("month of a thing", "Sum up the July 2023 decision against Ant."),
    none("possessive year", "What does Hong Kong's 2023 ordinance require?"),
    none("year in a title", "What is the Online Safety Act 2023?"),
    none("rules of years", "Which chips were cut off under the rules of 2022 and 2023?"),
    none("years that are listed", "What happened in 2018 and 2022 to Google?"),
    none("years that are compared", "How does last year's fine differ from the one in 2021?"),
    none("date of a figure", "What are the largest fines as of May 2023?"),
    none("deadline", "How many must register by the end of 2023?"),
    none("more than last year", "Did Google pay more than last year?"),
    none("next year", "What will change next year?"),
    none("number of a regulation", "What does Regulation (EU) 2024/1689 require?"),
    none("amount", "Who paid more than 2000 million?"),
    none("impossible day", "What happened since 30 February 2021?"),
    none("reversed", "What happened from 2021 to 2019?"),
    none("latest", "What is the latest on TikTok?", latest=True),
    none("so far", "What is the biggest fine so far?", latest=True),
    none("now", "Who owns TikTok now?", latest=True),
]

SIMPLIFIED = [
    soft("年", "2021年爱尔兰罚了谁？", "2021年", "2021-01-01/2021-12-31", "爱尔兰罚了谁？"),
    soft("年月", "2021年9月阿里怎么了？", "2021年9月", "2021-09-01/2021-09-30", "阿里怎么了？"),
    hard("年月消息", "2021年9月滴滴的消息", "2021年9月", "2021-09-01/2021-09-30", "滴滴的消息"),
    soft("汉字年月", "二〇二一年九月发生了什么？", "二〇二一年九月", "2021-09-01/2021-09-30", "发生了什么？"),
    soft("全角", "２０２１年９月发生了什么？", "２０２１年９月", "2021-09-01/2021-09-30", "发生了什么？"),
    hard("去年", "去年爱尔兰罚了TikTok多少钱？", "去年", "2023-01-01/2023-12-31", "爱尔兰罚了TikTok多少钱？"),
    hard(
        "去年四月", "去年四月日本对谷歌做了什么处罚？", "去年四月", "2023-04-01/2023-04-30", "日本对谷歌做了什么处罚？"
    ),
    hard("去年底", "去年底发生了什么？", "去年底", "2023-09-01/2023-12-31", "发生了什么？"),
    hard("去年第三季度", "去年第三季度谁被罚？", "去年第三季度", "2023-07-01/2023-09-30", "谁被罚？"),
    hard("前年", "前年欧盟罚了谁？", "前年", "2022-01-01/2022-12-31", "欧盟罚了谁？"),
    hard("今年", "今年有哪些新规？", "今年", "2024-01-01/2024-03-06", "有哪些新规？"),
    hard("上个月", "上个月有什么动态？", "上个月", "2024-02-01/2024-02-29", "有什么动态？"),
    hard("上周", "上周有什么新闻？", "上周", "2024-02-26/2024-03-03", "有什么新闻？"),
    hard("上上周", "上上周谁被约谈？", "上上周", "2024-02-19/2024-02-25", "谁被约谈？"),
    hard("本季度", "本季度有什么报道？", "本季度", "2024-01-01/2024-03-06", "有什么报道？"),
    hard("昨天", "昨天苹果宣布了什么？", "昨天", "2024-03-05/2024-03-05", "苹果宣布了什么？"),
    hard("近三个月", "近三个月网信办的动态", "近三个月", "2023-12-06/2024-03-06", "网信办的动态"),
    hard("最近半年", "最近半年的进展", "最近半年", "2023-09-06/2024-03-06", "进展", latest=True),
    hard("最近一周的新闻", "最近一周的AI监管新闻", "最近一周", "2024-02-28/2024-03-06", "AI监管新闻"),
    none("罚款的新闻", "2021年的罚款有什么新闻？"),
    hard("今年以来", "今年以来有哪些罚款？", "今年以来", "2024-01-01/", "有哪些罚款？"),
    hard("过去一年", "过去一年谁被罚？", "过去一年", "2023-03-06/2024-03-06", "谁被罚？"),
    hard("三个月前", "三个月前谁被罚？", "三个月前", "2023-12-01/2023-12-31", "谁被罚？"),
    soft("季度", "2021年二季度腾讯怎么了？", "2021年二季度", "2021-04-01/2021-06-30", "腾讯怎么了？"),
    soft("上半年", "2022年上半年有哪些处罚？", "2022年上半年", "2022-01-01/2022-06-30", "有哪些处罚？"),
    hard("月份无年", "9月有什么新闻？", "9月", "2023-09-01/2023-09-30", "有什么新闻？"),
    soft("年初", "2021年初发生了什么？", "2021年初", "2021-01-01/2021-04-30", "发生了什么？"),
    soft("中国不是年中", "2021年中国罚了谁？", "2021年", "2021-01-01/2021-12-31", "中国罚了谁？"),
    soft("年中", "2020年年中发生了什么？", "2020年年中", "2020-05-01/2020-08-31", "发生了什么？"),
    soft("至", "2019年至2021年有哪些罚款？", "2019年至2021年", "2019-01-01/2021-12-31", "有哪些罚款？"),
    soft("年份连字符", "2019-2021年谁被罚？", "2019-2021年", "2019-01-01/2021-12-31", "谁被罚？"),
    soft("月到月", "2021年5月到7月有哪些罚款？", "2021年5月到7月", "2021-05-01/2021-07-31", "有哪些罚款？"),
    soft("两个月", "2021年7月和8月腾讯有哪些交易？", "2021年7月和8月", "2021-07-01/2021-08-31", "腾讯有哪些交易？"),
    hard("去年到今年", "去年9月到今年1月有什么消息？", "去年9月到今年1月", "2023-09-01/2024-01-31", "有什么消息？"),
    soft("之间", "在2021年和2023年之间谁被罚？", "在2021年和2023年之间", "2021-01-01/2023-12-31", "谁被罚？"),
    soft("自以来", "自2023年以来欧盟罚了哪些公司？", "自2023年以来", "2023-01-01/", "欧盟罚了哪些公司？"),
    soft("以来的事件", "2021年阿里被罚以来有什么变化？", "2021年", "2021-01-01/", "阿里被罚以来有什么变化？"),
    hard("从开始", "从2023年5月1日以来有什么消息？", "从2023年5月1日以来", "2023-05-01/", "有什么消息？"),
    soft("至今", "2020年至今有哪些罚款？", "2020年至今", "2020-01-01/", "有哪些罚款？"),
    soft("之前", "在2021年之前谁被罚？", "在2021年之前", "/2020-12-31", "谁被罚？"),
    soft("后", "2023年后欧盟罚了谁？", "2023年后", "2024-01-01/", "欧盟罚了谁？"),
    hard("日期的报道", "2021年7月28日的报道", "2021年7月28日", "2021-07-28/2021-07-28", "报道"),
    soft("去年的罚款", "去年的罚款是多少？", "去年", "2023-01-01/2023-12-31", "罚款是多少？"),
    none("施行日期", "哪部法律2021年11月1日施行？"),
    none("日起", "2021年11月1日起施行的是哪部法律？"),
    none("比较", "2018年的罚款和2022年的判决有什么不同？"),
    none("两年比较", "2019年和2021年对未成年人玩游戏的限制有什么区别？"),
    none("那部法律", "2024年那部法律要字节跳动做什么？"),
    none("人脸识别办法", "2023年的人脸识别办法规定了什么？"),
    none("因", "因2016年数据外泄被罚多少？"),
    none("截至", "截至2023年底有多少款？"),
    none("比去年", "比去年多了多少？"),
    none("近两三年", "近两三年有什么变化？"),
    none("前日不是日期", "目前日本的规定是什么？", latest=True),
    none("去年不是年份", "平台为何失去年轻用户？"),
    none("今日头条", "今日头条的新闻推荐怎么了？"),
    none("不存在的日期", "2021年2月30日的消息"),
    none("十三月", "13月的消息"),
    none("最新", "最新的罚款是多少？", latest=True),
    none("现在", "现在有多少大模型备案了？", latest=True),
]

TRADITIONAL = [
    hard("上個月消息", "上個月螞蟻的消息", "上個月", "2024-02-01/2024-02-29", "螞蟻的消息"),
    hard("上個月逗號", "上個月，螞蟻有什麼動作？", "上個月", "2024-02-01/2024-02-29", "螞蟻有什麼動作？"),
    hard("上週", "上週公平會罰了誰？", "上週", "2024-02-26/2024-03-03", "公平會罰了誰？"),
    hard("這週", "這週有什麼新聞？", "這週", "2024-03-04/2024-03-06", "有什麼新聞？"),
    hard("上週五", "上週五有什麼報導？", "上週五", "2024-02-26/2024-03-03", "有什麼報導？"),
    hard("這個月", "這個月有什麼動態？", "這個月", "2024-03-01/2024-03-06", "有什麼動態？"),
    hard("去年", "去年歐盟罰了誰？", "去年", "2023-01-01/2023-12-31", "歐盟罰了誰？"),
    hard("去年底", "去年底數發部做了什麼？", "去年底", "2023-09-01/2023-12-31", "數發部做了什麼？"),
    hard("今年上半年", "今年上半年誰被罰？", "今年上半年", "2024-01-01/2024-03-06", "誰被罰？"),
    hard("前年", "前年歐盟罰了誰？", "前年", "2022-01-01/2022-12-31", "歐盟罰了誰？"),
    hard("昨天", "昨天蘋果宣布了什麼？", "昨天", "2024-03-05/2024-03-05", "蘋果宣布了什麼？"),
    hard("前天", "前天發生了什麼？", "前天", "2024-03-04/2024-03-04", "發生了什麼？"),
    hard("過去三個月", "過去三個月有哪些裁罰？", "過去三個月", "2023-12-06/2024-03-06", "有哪些裁罰？"),
    hard("最近兩週", "最近兩週的報導", "最近兩週", "2024-02-21/2024-03-06", "報導"),
    hard("近一年來", "近一年來誰被罰？", "近一年來", "2023-03-06/2024-03-06", "誰被罰？"),
    hard("兩年前", "兩年前誰被罰？", "兩年前", "2022-01-01/2022-12-31", "誰被罰？"),
    soft("年月", "2021年9月阿里怎麼了？", "2021年9月", "2021-09-01/2021-09-30", "阿里怎麼了？"),
    soft("年月有空格", "2021 年 9 月阿里怎麼了？", "2021 年 9 月", "2021-09-01/2021-09-30", "阿里怎麼了？"),
    soft("民國年", "民國110年公平會罰了誰？", "民國110年", "2021-01-01/2021-12-31", "公平會罰了誰？"),
    soft("民國年月", "民國一一〇年九月發生了什麼？", "民國一一〇年九月", "2021-09-01/2021-09-30", "發生了什麼？"),
    soft("年底", "2022年底監管機關批准了什麼？", "2022年底", "2022-09-01/2022-12-31", "監管機關批准了什麼？"),
    soft("下半年", "2023年下半年荷蘭罰了誰？", "2023年下半年", "2023-07-01/2023-12-31", "荷蘭罰了誰？"),
    soft("第三季", "2023年第三季誰被罰？", "2023年第三季", "2023-07-01/2023-09-30", "誰被罰？"),
    soft("季度無年", "第三季度發生了什麼？", "第三季度", "2023-07-01/2023-09-30", "發生了什麼？"),
    soft("上旬", "2021年7月上旬發生了什麼？", "2021年7月上旬", "2021-07-01/2021-07-10", "發生了什麼？"),
    soft("年度", "2022年度誰被罰？", "2022年度", "2022-01-01/2022-12-31", "誰被罰？"),
    soft("至", "2019年至2021年哪些公司被罰？", "2019年至2021年", "2019-01-01/2021-12-31", "哪些公司被罰？"),
    soft("從到", "從2021年5月到7月有哪些罰款？", "從2021年5月到7月", "2021-05-01/2021-07-31", "有哪些罰款？"),
    soft("自以來", "自2023年以來歐盟罰了哪些公司？", "自2023年以來", "2023-01-01/", "歐盟罰了哪些公司？"),
    soft("從起", "從2023年起有哪些新規？", "從2023年起", "2023-01-01/", "有哪些新規？"),
    soft("以前", "2021年以前誰被罰？", "2021年以前", "/2020-12-31", "誰被罰？"),
    soft("之後", "2022年之後誰被罰？", "2022年之後", "2023-01-01/", "誰被罰？"),
    soft("事件之後", "2021年阿里被罰之後做了什麼？", "2021年", "2021-01-01/", "阿里被罰之後做了什麼？"),
    soft("直到", "直到2022年誰負責？", "直到2022年", "/2022-12-31", "誰負責？"),
    hard("日期的新聞", "2023年7月7日有什麼新聞？", "2023年7月7日", "2023-07-07/2023-07-07", "有什麼新聞？"),
    soft("去年的判決", "去年的判決說了什麼？", "去年", "2023-01-01/2023-12-31", "判決說了什麼？"),
    soft("上月生效", "上月生效的有哪些規定？", "上月", "2024-02-01/2024-02-29", "生效的有哪些規定？"),
    none("問日期", "個資法什麼時候施行？"),
    none("施行日期", "哪部法律2021年11月1日施行？"),
    none("罰款與判決", "2018年的罰款和2022年的判決有什麼不同？"),
    none("中興與華為", "美國對中興2018年和華為2019年的處置有什麼不同？"),
    none("草案", "2023年草案規定了什麼？"),
    none("對", "對2021年罰款的上訴怎樣了？"),
    none("截至", "截至去年底有多少家？"),
    none("明年二月", "明年二月歐盟有哪些人工智慧用途會被禁？"),
    none("將近三年", "將近三年的整改結果如何？"),
    soft(
        "新聞出版署", "新聞出版署2021年8月規定了什麼？", "2021年8月", "2021-08-01/2021-08-31", "新聞出版署規定了什麼？"
    ),
    none("現在", "螞蟻現在還有重新上市的打算嗎？", latest=True),
    none("近況", "TikTok在美國的近況", latest=True),
    none("最新進展", "最新進展如何？", latest=True),
]


@pytest.mark.parametrize(("question", "expected"), ENGLISH)
def test_english(question: str, expected: TimeReading) -> None:
    assert read_time(question, today=TODAY) == expected


@pytest.mark.parametrize(("question", "expected"), SIMPLIFIED)
def test_simplified(question: str, expected: TimeReading) -> None:
    assert read_time(question, today=TODAY) == expected


@pytest.mark.parametrize(("question", "expected"), TRADITIONAL)
def test_traditional(question: str, expected: TimeReading) -> None:
    assert read_time(question, today=TODAY) == expected


@pytest.mark.parametrize(
    ("question", "today", "since", "until"),
    [
        pytest.param(
            "What happened last month?", date(2024, 1, 31), date(2023, 12, 1), date(2023, 12, 31), id="new year"
        ),
        pytest.param("in the past month", date(2023, 3, 31), date(2023, 2, 28), date(2023, 3, 31), id="short month"),
        pytest.param("in the past year", date(2024, 2, 29), date(2023, 2, 28), date(2024, 2, 29), id="leap day"),
        pytest.param("上个月的消息", date(2024, 3, 1), date(2024, 2, 1), date(2024, 2, 29), id="leap month"),
        pytest.param("上週的新聞", date(2024, 1, 1), date(2023, 12, 25), date(2023, 12, 31), id="week of the old year"),
        pytest.param("news in December", date(2024, 1, 5), date(2023, 12, 1), date(2023, 12, 31), id="past December"),
        pytest.param("news in January", date(2024, 1, 5), date(2024, 1, 1), date(2024, 1, 31), id="this January"),
        pytest.param("news from last year", date(2, 1, 1), date(1, 1, 1), date(1, 12, 31), id="first years"),
    ],
)
def test_calendar(question: str, today: date, since: date, until: date) -> None:
    window = read_time(question, today=today).window
    assert window is not None
    assert (window.since, window.until) == (since, until)


PIECES = (
    *(
        "in ",
        "since ",
        "before ",
        "between ",
        " and ",
        " to ",
        "last ",
        "the ",
        "past ",
        "three ",
        "month ",
        "year ",
        "ago ",
    ),
    *(
        "May ",
        "2021",
        "2021-02-30",
        "99999999999",
        "first half of ",
        "Q4 ",
        "31 ",
        "yesterday",
        "news ",
        "today",
        "'s ",
    ),
    *(
        "自",
        "在",
        "2021年",
        "13月",
        "２月",
        "30日",
        "以來",
        "之前",
        "至",
        "和",
        "近",
        "三",
        "個月",
        "去年",
        "上個月",
        "底",
        "的",
    ),
    *(
        "民國",
        "一一〇",
        "第",
        "季度",
        "消息",
        "前天",
        "今天",
        "半年",
        "\x00",
        "\ud800",
        "…",
        "ﬁ",
        "㋀",
        "½",
        "\u3000",
        "²",
        "٣",
    ),
)
texts = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=12).map("".join)


@given(texts, st.dates())
@example("", date.min)
@example("after today's news, the day before yesterday", date.max)
@example("last year, last month, past 900 years and 999 months ago", date.min)
@example("this year next week 明年", date.max)
@example("between February 29 and 2021", TODAY)
@example("…2021年9月的消息", TODAY)
def test_never_raises_and_stays_within_the_question(question: str, today: date) -> None:
    reading = read_time(question, today=today)
    assert reading == read_time(question, today=today)
    if reading.window is None:
        assert reading.text == question
        return
    since, until, start, end = (reading.window.since, reading.window.until, reading.window.start, reading.window.end)
    assert 0 <= start < end <= len(question)
    assert since or until
    assert since is None or since <= today
    assert since is None or until is None or since <= until
    assert reading.text.strip()
    assert len(reading.text) <= len(question) + 1


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert read_time("2021年" + "。" * LONGEST + "上个月", today=TODAY).window == Window(
        date(2021, 1, 1), date(2021, 12, 31), 0, 5, soft=True
    )
    assert read_time("。" * LONGEST + "上个月", today=TODAY).window is None
