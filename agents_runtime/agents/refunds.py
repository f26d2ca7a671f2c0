"""Refunds: a customer support agent that may give back small sums alone and asks about large ones."""

from typing import Annotated, Literal

from agents import Agent, Tool, function_tool
from pydantic import Field

from agents_runtime import llm, register
from agents_runtime.agents.data import shop
from agents_runtime.agents.data.records import as_json, number
from agents_runtime.agents.scripts.refunds import script

INSTRUCTIONS = """\
You handle refund requests for a coffee equipment shop. Look up the order and the customer before you promise anything.
Refund what was charged in error, no more. Tell the customer by e-mail what happened, unless asked not to.
If a reviewer declines a refund, take their feedback seriously: propose what they suggest, or offer a voucher instead.
Close with two or three sentences for the support log."""


@function_tool
def lookup_order(order_id: str) -> str:
    """Look up an order: item, status, price and every charge made for it.

    Args:
        order_id: Order number, for example O-30912.
    """
    order = shop.find_order(order_id)
    return as_json(order) if order else f"There is no order {order_id}."


@function_tool
def get_customer(customer_id: str) -> str:
    """Look up a customer: name, e-mail address, tier and orders.

    Args:
        customer_id: Customer number, for example C-88213.
    """
    customer = shop.find_customer(customer_id)
    return as_json(customer) if customer else f"There is no customer {customer_id}."


@function_tool
def issue_refund(
    customer_id: str,
    order_id: str,
    amount: Annotated[float, Field(gt=0)],
    currency: Literal["USD", "EUR", "GBP"],
    reason: str,
    notify_customer: bool,
) -> str:
    """Give money back to the card the order was paid with. This cannot be undone.

    Args:
        customer_id: Customer who gets the money.
        order_id: Order the money was paid for.
        amount: Sum to give back, in units of the currency.
        currency: Currency the order was paid in.
        reason: One sentence for the ledger.
        notify_customer: Whether the customer should hear of it by e-mail.
    """
    receipt = number("RF", customer_id, order_id, amount, currency)
    return f"Receipt {receipt}: {currency} {amount:.2f} for order {order_id} is on its way to {customer_id}."


@function_tool
def send_email(to: str, subject: str, body: str) -> str:
    """Send an e-mail to a customer.

    Args:
        to: Address of the customer.
        subject: One line.
        body: Plain text.
    """
    return f"Message {number('MSG', to, subject, body)} handed to the mail server for {to}."


@register(
    "refunds",
    queue="support",
    version="1",
    title="Refunds",
    description="Answers refund requests: looks up the order, gives money back, writes to the customer.",
    idempotent=("lookup_order", "get_customer"),
    review=[
        {
            "tool": "issue_refund",
            "when": "amount > 5000",
            "risk": "critical",
            "name": "Refund over 5000",
            "title": "Refund {currency} {amount} to customer {customer_id}",
            "due_in": 900,
            "approvals": 2,
            "not_by": ["requester"],
        },
        {
            "tool": "issue_refund",
            "when": "amount > 1000",
            "risk": "critical",
            "name": "Refund over 1000",
            "title": "Refund {currency} {amount} to customer {customer_id}",
            "due_in": 900,
        },
        {
            "tool": "issue_refund",
            "when": "amount > 200",
            "risk": "high",
            "name": "Refund over 200",
            "title": "Refund {currency} {amount} to customer {customer_id}",
            "due_in": 3600,
        },
    ],
    sample_input="Customer C-88213 reports a duplicate charge on order O-30912.",
)
def build() -> Agent:
    """The agent, fresh for each run."""
    tools: list[Tool] = [lookup_order, get_customer, issue_refund, send_email]
    return Agent(name="Refunds", instructions=INSTRUCTIONS, tools=tools, model=llm.model(script))
