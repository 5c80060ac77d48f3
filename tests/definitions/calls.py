"""What the agents are asked in the tests: for each of them good input with something of the answer, and bad input."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.definitions.agent import NO_FILES, Files

ROWS = [
    {"kpi": "orders", "label": "Orders", "unit": "orders", "period": "2026-07", "value": 100},
    {"kpi": "orders", "label": "Orders", "unit": "orders", "period": "2026-08", "value": 90},
    {"kpi": "orders", "label": "Orders", "unit": "orders", "period": "2026-09", "value": 125},
]
LEDGER = "account,name,kind,amount\n4000,Sales,revenue,900\n6000,Salaries,cost,610\n"
BUDGET = "account,name,kind,amount\n4000,Sales,revenue,1000\n6000,Salaries,cost,600\n"
SUMS = {"actual": 900, "budget": 1000, "variance": -100, "variance_percent": -10.0}
VARIANCE = {
    "totals": {"revenue": SUMS, "cost": SUMS, "result": SUMS},
    "lines": [{"account": "4000", "name": "Sales <new>", "kind": "revenue", "flagged": True, "adverse": True, **SUMS}],
}
TREND = {"label": "Orders", "unit": "orders", "points": ROWS, "change_percent": 25.0}
TEXT = "Orders rose in May. Nobody expected that orders would rise so fast! The warehouse, however, was ready for it."
TOPIC = {"topic": "order tracking", "audience": "workshop owners", "primary_keyword": "order tracking"}
OUTLINE = {"title": "Order tracking", "sections": [{"heading": "Why", "words": 60, "points": 2}]}
INSIGHT = {
    "segment": "plant engineer",
    "pain": [{"answer": "unclear prices"}],
    "wish": [{"answer": "a trial period"}],
    "channel": [{"answer": "search"}, {"answer": "email"}, {"answer": "trade fair"}],
}
CAMPAIGN = {"campaign_name": "Steady Hands", "launch_date": "2026-11-02", "primary_offer": "a free week"}
PERSONA = {"audience": "plant engineer", "goals": ["rest", "win"], "worries": ["noise", "dust"], "proof": "It worked."}
ORDERS = "id,customer,country,amount,status\n1, Acre ,ie,9.5,OPEN\n2,Lowe,GB,1,cancelled\n"


class Good(NamedTuple):
    """Input that an agent takes, and a part of the output that it gives."""

    agent: str
    payload: Mapping[str, Any]
    output: Mapping[str, Any]
    inputs: Files = NO_FILES
    artifacts: tuple[str, ...] = ()
    message: str | None = None


class Bad(NamedTuple):
    """Input that an agent refuses, and words of what it says about it."""

    agent: str
    payload: Mapping[str, Any]
    words: str
    inputs: Files = NO_FILES


QUARTER = {"start_date": "2026-07-01", "end_date": "2026-09-30"}

GOOD = {
    "KPIs by month": Good(
        "supabase-agent",
        {"kpi_names": ["orders"], "grouping": "month", **QUARTER},
        {"row_count": 3},
        artifacts=("query_results.csv",),
    ),
    "KPIs by week": Good(
        "supabase-agent", {"kpi_names": ["revenue"], "grouping": "week", **QUARTER}, {"row_count": 14}
    ),
    "KPIs by day": Good("supabase-agent", {"kpi_names": ["orders", "revenue"], **QUARTER}, {"row_count": 184}),
    "a time without data": Good(
        "supabase-agent",
        {"kpi_names": ["orders"], "start_date": "2031-01-01", "end_date": "2031-02-01"},
        {"row_count": 0},
    ),
    "a query with parameters": Good(
        "sql-agent",
        {
            "sql": "SELECT name, amount FROM ledger WHERE account = :account AND month = '2026-09'",
            "parameters": {"account": "6500"},
            "artifact": "marketing.csv",
        },
        {"columns": ["name", "amount"], "row_count": 1, "artifact": "marketing.csv"},
        artifacts=("marketing.csv",),
    ),
    "clean data": Good("data-checker", {"query_results": ROWS, "kpi_names": ["orders"]}, {"verdict": "clean"}),
    "data with a jump": Good(
        "data-checker",
        {"query_results": ROWS, "kpi_names": ["orders", "visits"], "largest_jump_percent": 30},
        {"verdict": "look"},
        artifacts=("data_check.md",),
    ),
    "a trend": Good(
        "trend-analyst",
        {"kpi": "orders", "query_results": ROWS},
        {"change_percent": 25.0, "direction": "up", "lowest": {"period": "2026-08", "value": 90}},
    ),
    "books against budget": Good(
        "variance-analyst",
        {"ledger": "ledger/rows.csv", "budget": "budget/rows.csv"},
        {
            "statements": [
                "Revenue was 900 EUR, 100 EUR (10.0 %) below budget.",
                "Costs were 610 EUR, 10 EUR (1.7 %) above budget.",
                "The operating result was 290 EUR, 110 EUR (27.5 %) below budget.",
                "Sales came in 10.0 % below budget (900 EUR against 1,000 EUR), which is against us.",
            ]
        },
        {"ledger/rows.csv": LEDGER, "budget/rows.csv": BUDGET},
        ("variance.csv", "variance.md"),
    ),
    "a summary with assets and appendix": Good(
        "summarizer",
        {
            "text": TEXT,
            "max_sentences": 1,
            "assets": ["social", "email"],
            "primary_keyword": "field kit",
            "appendix": "variance/table.md",
        },
        {"source_sentences": 3},
        {"variance/table.md": "| a |\n"},
        ("summary.md", "social.md", "email.md"),
    ),
    "a summary of JSON": Good(
        "summarizer", {"context": {"a": [TEXT, 3], "b": None}, "focus": ["warehouse"], "max_sentences": 2}, {}
    ),
    "a brief": Good(
        "brief-writer",
        {"title": "Review", "points": ["Orders rose & rose."], "variance": VARIANCE, "trends": [TREND]},
        {"executive_summary": "Orders rose & rose."},
        artifacts=("brief.html", "brief.md", "quarter.svg"),
    ),
    "an archive": Good(
        "archiver",
        {"name": "q3"},
        {"archive": "q3.zip", "files": ["a/x.txt", "b/y.txt"]},
        {"b/y.txt": "y", "a/x.txt": "x"},
        ("manifest.json",),
    ),
    "an outline": Good(
        "blog_post_writer",
        {"task": "outline", "target_word_count": 150, **TOPIC},
        {"slug": "order-tracking", "target_word_count": 150},
        artifacts=("outline.md",),
    ),
    "a draft": Good(
        "blog_post_writer",
        {"task": "draft", "tone": "expert", "call_to_action": "call us", "outline": OUTLINE, **TOPIC},
        {"title": "Order tracking", "tone": "expert"},
        artifacts=("draft.md",),
    ),
    "a review": Good("hr_assistant", {"content": TEXT}, {}, artifacts=("qa_report.md",)),
    "research by survey": Good("marketing-researcher", CAMPAIGN, {}, artifacts=("insights.md",)),
    "a creative brief": Good(
        "marketing-strategist",
        {**CAMPAIGN, "insights": {"segments": [INSIGHT]}},
        {"primary_keyword": "clear pricing", "tone": "expert", "channels": ["search", "email"]},
        artifacts=("creative_brief.md",),
    ),
    "research by persona": Good(
        "marketing-swarm",
        {"task": "research", "target_audience": "plant engineer", **CAMPAIGN},
        {"channels": ["search", "newsletter"]},
        artifacts=("research.md",),
    ),
    "a landing page": Good(
        "marketing-swarm",
        {"task": "landing-page", "research": PERSONA, **CAMPAIGN},
        {"headline": "A free week, for every plant engineer"},
        artifacts=("landing-page.html",),
    ),
    "mails": Good(
        "marketing-swarm",
        {"task": "email-sequence", "research": PERSONA, **CAMPAIGN},
        {},
        artifacts=("emails/1-teaser.md", "emails/2-launch.md", "emails/3-reminder.md"),
    ),
    "a picture of discs": Good(
        "image-generator-openai", {"prompt": "the sea"}, {"width": 160}, artifacts=("image.png",)
    ),
    "a mosaic": Good("image-generator-google", {"prompt": "Ünicorns"}, {"height": 120}, artifacts=("image.png",)),
    "a missing picture": Good(
        "image-comparator",
        {"images": ["a/image.png", "b/image.png"]},
        {"verdict": "incomplete", "question": "Which one?"},
        message="Which one?",
        artifacts=("comparison.md",),
    ),
    "extraction": Good("etl-worker", {"task": "extract"}, {"rows": 8}, artifacts=("orders.csv",)),
    "transformation": Good(
        "etl-worker",
        {"task": "transform"},
        {"rows": 1, "total_cents": 950},
        {"extract/orders.csv": ORDERS},
        ("orders_clean.csv",),
    ),
    "a mail": Good(
        "mailer",
        {"to": ["a@example.org", "b@example.org"], "subject": "Hello", "body": "There."},
        {"sent": 2},
        artifacts=("mail.eml",),
    ),
    "a page": Good(
        "publisher", {"name": "x.md", "title": "X", "facts": {"n": 1}}, {"published": "x.md"}, artifacts=("x.md",)
    ),
    "a role": Good(
        "delivery-worker",
        {"role": "qa", "project": "Harbour", "features": ["Tides"], "drill": {"doc": {"attempts": 1}}},
        {"deliverable": "qa-strategy.json", "items": 1, "builds_on": ["doc/spec.json"]},
        {"doc/spec.json": "{}"},
        ("qa-strategy.json",),
    ),
}

BAD = {
    "no KPI": Bad("supabase-agent", {"kpi_names": [], **QUARTER}, "at least one name"),
    "a KPI with a typing mistake": Bad(
        "supabase-agent", {"kpi_names": ["revenu"], **QUARTER}, "did you mean 'revenue'?"
    ),
    "a day that is none": Bad(
        "supabase-agent", {"kpi_names": ["orders"], "start_date": "May"}, "start_date must be a date"
    ),
    "an end before the start": Bad(
        "supabase-agent",
        {"kpi_names": ["orders"], "start_date": "2026-02-01", "end_date": "2026-01-01"},
        "is after end_date",
    ),
    "a query that writes": Bad("sql-agent", {"sql": "DELETE FROM ledger"}, "not authorized"),
    "a query that attaches": Bad("sql-agent", {"sql": "ATTACH 'x.db' AS x"}, "not authorized"),
    "two queries": Bad("sql-agent", {"sql": "SELECT 1; SELECT 2"}, "one statement"),
    "a query with a mistake": Bad("sql-agent", {"sql": "SELECT wages FROM ledger"}, "no such column: wages"),
    "a parameter too few": Bad("sql-agent", {"sql": "SELECT :a", "parameters": {}}, "binding"),
    "an artifact elsewhere": Bad(
        "sql-agent", {"sql": "SELECT 1", "artifact": "../x.csv"}, "artifact must be a file name"
    ),
    "rows without values": Bad("data-checker", {"query_results": [{}], "kpi_names": []}, "kpi, period and value"),
    "a KPI without rows": Bad("trend-analyst", {"kpi": "visits", "query_results": ROWS}, "no values of 'visits'"),
    "no books": Bad("variance-analyst", {"ledger": "a.csv", "budget": "b.csv"}, 'no artifact "a.csv"'),
    "books elsewhere": Bad("variance-analyst", {"ledger": "../input.json", "budget": "b.csv"}, "below inputs/"),
    "books without amounts": Bad(
        "variance-analyst", {"ledger": "a.csv", "budget": "a.csv"}, "needs the columns", {"a.csv": "account\n1\n"}
    ),
    "nothing to sum up": Bad("summarizer", {"context": [None, "Title"]}, "nothing to sum up"),
    "no sentence at all": Bad("summarizer", {"text": TEXT, "max_sentences": 0}, "max_sentences must be"),
    "a missing appendix": Bad("summarizer", {"text": TEXT, "appendix": "x/y.md"}, "'x/y.md' below inputs/"),
    "a brief without points": Bad(
        "brief-writer", {"title": "T", "points": [], "variance": VARIANCE, "trends": []}, "points must be"
    ),
    "nothing to archive": Bad("archiver", {"name": "q3"}, "nothing to archive"),
    "an archive elsewhere": Bad("archiver", {"name": "../q3"}, "plain file name", {"a/x.txt": "x"}),
    "an unknown task": Bad("blog_post_writer", {"task": "poem"}, "task must be outline or draft"),
    "an unknown tone": Bad(
        "blog_post_writer", {"task": "draft", "outline": OUTLINE, "tone": "grim", **TOPIC}, "tone must be one of"
    ),
    "nothing to review": Bad("hr_assistant", {"content": " "}, "content must be the text"),
    "an unknown segment": Bad("marketing-researcher", {**CAMPAIGN, "target_audience": "cats"}, "no segment"),
    "no insights": Bad("marketing-strategist", CAMPAIGN, "insights must be"),
    "a launch on no day": Bad(
        "marketing-strategist",
        {**CAMPAIGN, "launch_date": "2026-02-30", "insights": {"segments": [INSIGHT]}},
        "launch_date must be a date",
    ),
    "an unknown audience": Bad(
        "marketing-swarm", {"task": "research", "target_audience": "cats", **CAMPAIGN}, "nothing is known about 'cats'"
    ),
    "a page without research": Bad("marketing-swarm", {"task": "landing-page", **CAMPAIGN}, "research must be"),
    "no prompt for discs": Bad("image-generator-openai", {"prompt": ""}, "prompt must say"),
    "no prompt for a mosaic": Bad("image-generator-google", {}, "prompt must say"),
    "one picture": Bad("image-comparator", {"images": ["a/image.png"]}, "images must name two"),
    "no picture": Bad(
        "image-comparator", {"images": ["a", "a"]}, "is not a PNG", {"a": "text, which no PNG begins with"}
    ),
    "orders of nowhere": Bad("etl-worker", {"task": "transform"}, "there is no orders.csv"),
    "an unknown way to load": Bad("etl-worker", {"task": "load", "mode": "merge"}, "mode must be insert or upsert"),
    "a mail to nobody": Bad("mailer", {"to": [], "subject": "S", "body": ""}, "list of addresses"),
    "a second header in a mail": Bad("mailer", {"to": ["a@b"], "subject": "S\nBcc: c@d", "body": ""}, "one line"),
    "a page elsewhere": Bad("publisher", {"name": "../x.md", "title": "X", "facts": {}}, "name must be a file name"),
    "an unknown role": Bad("delivery-worker", {"role": "cook", "project": "P", "features": []}, "role must be one of"),
}
