"""Quotes of tables, labels and documents told apart by their codes."""

from __future__ import annotations

import pytest
from corpus import fill

from pages.shared.chat.answer_quotes import quotes_as_html
from rag.answer import Reply, ask
from rag.types import Citation
from rag.workspace import Workspace

PUMPS = (
    "Article,Description,Flow,Price EUR\nKP-100,Garden pump,60,189\nKP-300,Cellar pump,140,310\n"
    "KP-900,Industrial pump,900,2890\n"
)
MANUAL = (
    "# Manual\n\nThe lights on the front tell the state.\n\n| Light | Meaning |\n| --- | --- |\n"
    "| green | ready |\n| red, steady | tank empty |\n"
)


def invoice(number: int, total: str) -> str:
    return f"Harbour Plumbing\n\nInvoice {number}\n\nRepair of a pump\n\nTotal due {total}"


def asked(workspace: Workspace, question: str) -> Reply:
    reply = ask(question, table=workspace.table("default"), settings=workspace.settings)
    for _ in reply:
        pass
    assert reply.answered, reply.text
    return reply


@pytest.mark.parametrize(
    ("question", "row", "columns"),
    [
        ("price of KP-300", "KP-300 | Cellar pump | 140 | 310", "Article | Description | Flow | Price EUR"),
        ("what does a steady red light mean?", "| red, steady | tank empty |", "Light | Meaning"),
    ],
)
def test_quoted_rows_say_what_their_columns_are(
    workspace: Workspace, question: str, row: str, columns: str
) -> None:
    fill(workspace, {"pumps.csv": PUMPS, "manual.md": MANUAL})
    reply = asked(workspace, question)
    [quote] = [own for own in reply.citations if row in own.quote]
    assert quote.columns == columns
    assert Citation.from_dict(quote.as_dict()) == quote


def test_rows_that_begin_in_a_later_passage_know_their_columns(workspace: Workspace) -> None:
    rows = "".join(
        f"KP-{number},Pump of size {number},{number},{number * 3}\n" for number in range(1000, 1200)
    )
    fill(workspace, {"pumps.csv": "Article,Description,Flow,Price EUR\n" + rows})
    reply = asked(workspace, "price of KP-1150")
    assert reply.citations[0].quote.startswith("KP-1150")
    assert reply.citations[0].columns == "Article | Description | Flow | Price EUR"


def test_a_quote_is_no_row_that_only_names_columns(real_workspace: Workspace) -> None:
    fill(real_workspace, {"pumps.csv": PUMPS})
    assert not any(
        own.quote.startswith("Article")
        for own in asked(real_workspace, "description and price of the article").citations
    )


def test_other_articles_and_invoices_than_the_one_asked_for_are_not_quoted(real_workspace: Workspace) -> None:
    bills = {
        f"{number}.txt": invoice(number, f"{number - 2025000}88.00") for number in range(2025001, 2025005)
    }
    fill(real_workspace, {"pumps.csv": PUMPS, **bills})
    assert "KP-100" not in asked(real_workspace, "price of KP-300").text
    reply = asked(real_workspace, "total due of invoice 2025003")
    assert {own.document for own in reply.citations} == {"2025003.txt"}
    assert "388.00" in reply.text


def test_what_is_said_of_all_articles_is_quoted_for_one(real_workspace: Workspace) -> None:
    fill(real_workspace, {"pumps.csv": PUMPS, "terms.txt": "The warranty of every pump is two years."})
    assert "two years" in asked(real_workspace, "What is the warranty of the pump KP-300?").text


@pytest.mark.parametrize(
    ("question", "label", "said"),
    [
        ("total due of invoice 2025003", "Invoice 2025003", ""),
        ("What were the net sales of the mill?", "", "Total net sales 82,959"),
        ("net sales and cost of sales", "", "Cost of sales: Products 41,485"),
    ],
)
def test_a_quote_is_more_than_words_of_the_question_and_a_label_leads_in(
    real_workspace: Workspace, question: str, label: str, said: str
) -> None:
    lines = [
        "Report of the mill",
        "Net sales:",
        "Products 63,355",
        "Total net sales 82,959",
        "Cost of sales:",
    ]
    report = "\n\n".join([*lines, "Products 41,485"])
    fill(real_workspace, {"bill.txt": invoice(2025003, "388.00"), "report.txt": report})
    reply = asked(real_workspace, question)
    quotes = [" ".join(own.quote.split()) for own in reply.citations]
    assert label not in quotes
    assert said in " ".join(quotes)


def test_the_page_shows_the_columns_above_the_rows_and_escaped() -> None:
    citation = Citation(1, "a.csv", "d", "c", None, 0, 5, "1 | 2", columns="<b>Size</b> | Price")
    shown = quotes_as_html([(citation, "#cite")])
    assert "&lt;b&gt;Size&lt;/b&gt; | Price" in shown.partition("1 | 2")[0]


@pytest.mark.parametrize(("quote", "lines"), [("KP-1 | 2\nKP-3 | 4", True), ("What was\nbroken over", False)])
def test_rows_of_a_sheet_stay_lines_and_those_of_a_printed_page_do_not(quote: str, lines: bool) -> None:
    shown = quotes_as_html([(Citation(1, "a", "d", "c", 2, 0, len(quote), quote), "#cite")])
    assert ("white-space:pre-line" in shown) is lines
