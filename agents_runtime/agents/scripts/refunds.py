"""The refunds script: look up, propose, write to the customer, sum up; it listens when a reviewer says no."""

import re
from typing import Any

from agents_runtime.agents.scripts.reading import (
    amount,
    money,
    objection,
    quoted,
    receipt,
    record,
    says,
    stopped,
    turned_down,
    unrecorded,
)
from agents_runtime.scripted import Call, Conversation, Exchange, Turn

ORDER = re.compile(r"\bO-\d+\b")
CUSTOMER = re.compile(r"\bC-\d+\b")
ASKED = re.compile(r"\brefund(?:\s+(?:of|him|her|them|me|about|for))*\s+(\d[\d,.]*\d|\d)\b(?!-)", re.IGNORECASE)
PAID = r"refunded|paid|issued|booked|settled|handled|processed|credited|transferred|done"
SENT = r"sent|written|mailed|called|done"
MOST_PROPOSALS = 2
APOLOGY = "We are sorry for the trouble this has caused you."
INNER = str.maketrans({"“": "‘", "”": "’", '"': "'"})
"""Quotation marks within quotation marks."""
SPOKEN = {"customer_id": "the customer", "order_id": "the order", "notify_customer": "the notice to the customer"}


def script(talk: Conversation) -> Turn:
    """The first step that still has something to do."""
    return _look_up(talk) or _refund(talk) or _mail(talk) or _sum_up(talk)


def _look_up(talk: Conversation) -> Turn | None:
    order_id = _order_id(talk)
    customer_id = _customer_id(talk)
    missing = [
        Call(tool, {argument: value})
        for tool, argument, value in (
            ("lookup_order", "order_id", order_id),
            ("get_customer", "customer_id", customer_id),
        )
        if value and not talk.last(tool)
    ]
    if missing:
        return missing
    if not order_id:
        return "I could not tell which order this is about. Please send the order number; it looks like O-30912."
    if not record(talk.last("lookup_order")):
        return f"I could not find order {order_id}, so I refunded nothing. Please check the number."
    return None


def _order_id(talk: Conversation) -> str:
    """As named in the task, else the customer's latest order."""
    named = ORDER.search(talk.task)
    orders = record(talk.last("get_customer")).get("orders", [])
    return named[0] if named else str(orders[-1]) if orders else ""


def _customer_id(talk: Conversation) -> str:
    """As named in the task, else the owner of the order."""
    named = CUSTOMER.search(talk.task)
    return named[0] if named else str(record(talk.last("lookup_order")).get("customer_id", ""))


def _refund(talk: Conversation) -> Turn | None:
    order = record(talk.last("lookup_order"))
    proposals = talk.calls("issue_refund")
    if not proposals:
        return _proposal(talk, _sum_owed(talk.task, order), _reason(order))
    last = proposals[-1]
    counter = amount(objection(last)) if turned_down(last, PAID) else None
    if counter and counter < last.arguments["amount"] and len(proposals) < MOST_PROPOSALS:
        return _proposal(talk, counter, f"Reduced on review: {stopped(objection(last))}")
    return None


def _proposal(talk: Conversation, sum_: float, reason: str) -> Call:
    order = record(talk.last("lookup_order"))
    arguments = {
        "customer_id": _customer_id(talk),
        "order_id": order.get("id", _order_id(talk)),
        "amount": sum_,
        "currency": order.get("currency", "USD"),
        "reason": reason,
        "notify_customer": True,
    }
    return Call("issue_refund", arguments)


def _sum_owed(task: str, order: dict[str, Any]) -> float:
    """What the task asks for, else what was charged too often, else the price."""
    asked = ASKED.search(task)
    named = money(task) or (amount(asked[1]) if asked else None)
    surplus = round(sum(order.get("charges", [])) - order.get("price", 0), 2)
    return float(named or (surplus if surplus > 0 else order.get("price", 0)))


def _reason(order: dict[str, Any]) -> str:
    charges, currency = order.get("charges", []), order.get("currency", "USD")
    item = f"“{order['item']}”" if "item" in order else "The order"
    if len(charges) > 1:
        often = "twice" if len(charges) == 2 else f"{len(charges)} times"
        return f"{item} was charged {often}, {currency} {charges[0]:.2f} each time."
    return f"{item} was {order['status']}." if "status" in order else f"{item} has an unknown status."


def _mail(talk: Conversation) -> Turn | None:
    refund = talk.calls("issue_refund")[-1]
    to = record(talk.last("get_customer")).get("email")
    if talk.last("send_email") or not to or unrecorded(refund) or not _customer_should_hear(refund):
        return None
    subject = f"Your order {refund.executed['order_id']}"
    return Call("send_email", {"to": to, "subject": subject, "body": _letter(talk, refund)})


def _customer_should_hear(refund: Exchange) -> bool:
    return bool(turned_down(refund, PAID) or refund.executed.get("notify_customer", True))


def _letter(talk: Conversation, refund: Exchange) -> str:
    name = str(record(talk.last("get_customer")).get("name", "customer")).split()[0]
    sorry = f"{APOLOGY}\n\n" if says(quoted(talk.notes), r"apolog|sorry") else ""
    return f"Dear {name},\n\n{_news(refund)}\n\n{sorry}Kind regards\nSupport"


def _news(refund: Exchange) -> str:
    done = refund.executed
    if turned_down(refund, PAID):
        return (
            f"We have looked into order {done['order_id']} and are unable to refund it.\n"
            "As a gesture of goodwill, we have added a voucher for 10% of its price to your account."
        )
    if not receipt(refund):
        return f"A colleague is taking care of your refund for order {done['order_id']}."
    return (
        f"We have refunded {done['currency']} {done['amount']:.2f} for order {done['order_id']}.\n"
        "The money will reach your card within five days."
    )


def _sum_up(talk: Conversation) -> str:
    sentences = [_before(refund) for refund in talk.calls("issue_refund")[:-1]]
    sentences += [_outcome(talk.calls("issue_refund")[-1]), _told(talk)]
    if talk.notes:
        sentences.append(f"I took the reviewers' note into account: {stopped(quoted(talk.notes))}")
    return " ".join(sentences)


def _before(refund: Exchange) -> str:
    amount = f"{refund.arguments['currency']} {refund.arguments['amount']:.2f}"
    return f"I first proposed {amount}, but a reviewer rejected it.{_they_said(refund)}"


def _outcome(refund: Exchange) -> str:
    done = refund.executed
    to = f"{done['customer_id']} for order {done['order_id']}"
    if turned_down(refund, PAID):
        return f"No refund was made to {to}: a reviewer rejected it.{_they_said(refund)}"
    if unrecorded(refund):
        return f"No refund was made to {to}: this is a dry run, and nothing was recorded for these arguments."
    if not receipt(refund):
        return f"The refund to {to} was settled by a reviewer: {stopped(refund.output)}"
    by_hand = f" A reviewer changed {stopped(_changes(refund))}" if refund.edited else ""
    return f"Refunded {done['currency']} {done['amount']:.2f} to {to}, receipt {receipt(refund)}.{by_hand}"


def _changes(refund: Exchange) -> str:
    before, after = refund.arguments, refund.edited
    changed = [key for key in after if before.get(key) != after[key]]
    return " and ".join(f"{_name(key)} from {_value(before.get(key))} to {_value(after[key])}" for key in changed)


def _name(key: str) -> str:
    return SPOKEN.get(key, f"the {key.replace('_', ' ')}")


def _value(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:.2f}"
        case None:
            return "nothing"
    text = str(value)
    return f"“{text.translate(INNER)}”" if " " in text else text


def _told(talk: Conversation) -> str:
    mail = talk.last("send_email")
    if mail is None:
        return "The customer was not told by e-mail."
    if unrecorded(mail):
        return "The e-mail was not sent: this is a dry run, and no such e-mail was recorded."
    if turned_down(mail, SENT):
        return f"The e-mail was not sent: a reviewer rejected it.{_they_said(mail)}"
    offer = " and offered a voucher" if turned_down(talk.calls("issue_refund")[-1], PAID) else ""
    return f"The customer was told by e-mail ({mail.executed['to']}){offer}."


def _they_said(call: Exchange) -> str:
    return f" They said: {stopped(objection(call))}" if objection(call) else ""
