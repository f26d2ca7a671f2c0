"""A mail-order shop: customers, orders and what their cards were charged."""

import re
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Customer:
    """Somebody who buys here."""

    id: str
    name: str
    email: str
    customer_since: str
    tier: str
    orders: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """One order and every charge made for it, oldest first."""

    id: str
    customer_id: str
    item: str
    placed: str
    status: str
    currency: str
    price: float
    charges: tuple[float, ...]


CUSTOMERS = {
    customer.id: customer
    for customer in (
        Customer("C-88213", "Maren Holt", "maren.holt@example.com", "2019-03-11", "gold", ("O-30912",)),
        Customer("C-41077", "Tobias Eng", "t.eng@example.com", "2024-08-02", "standard", ("O-31004", "O-31177")),
        Customer("C-57730", "Priya Raman", "priya@example.org", "2021-11-19", "silver", ("O-30977",)),
        Customer("C-60518", "Lena Okafor", "lena.okafor@example.net", "2022-05-30", "standard", ("O-31120",)),
        Customer("C-72014", "Nadia Rossi", "nadia@roastery.example", "2020-06-15", "gold", ("O-31300",)),
        Customer("C-93342", "Jonas Weber", "jw@example.com", "2017-01-24", "gold", ("O-30655",)),
    )
}

ORDERS = {
    order.id: order
    for order in (
        Order("O-30912", "C-88213", "Espresso machine", "2026-02-03", "delivered", "USD", 480.0, (480.0, 480.0)),
        Order("O-31004", "C-41077", "Travel kettle 0.5 l", "2026-02-09", "delivered", "EUR", 39.9, (39.9, 39.9)),
        Order("O-31177", "C-41077", "Grinder burr set", "2026-02-14", "shipped", "EUR", 64.0, (64.0,)),
        Order("O-30977", "C-57730", "Café bar, two groups", "2026-02-05", "delivered", "GBP", 1840.0, (1840.0, 1840.0)),
        Order("O-31120", "C-60518", "Milk pitcher, set of 3", "2026-02-12", "lost in transit", "USD", 215.5, (215.5,)),
        Order("O-31300", "C-72014", "Drum roaster, 12 kg", "2026-02-17", "delivered", "EUR", 6400.0, (6400.0, 6400.0)),
        Order("O-30655", "C-93342", "Water softener cartridge", "2026-01-20", "returned", "USD", 129.0, (129.0,)),
    )
}

ITEMS = ("Drip brewer", "Pour-over kit", "Cold brew tower", "Tamper, walnut", "Bean subscription, 6 months", "Scale")
NAMES = ("Amal Haddad", "Ines Costa", "Pavel Novak", "Ruth Adeyemi", "Sven Lund", "Yuki Mori")


def find_customer(customer_id: str) -> Customer | None:
    """The customer of that number; any well-formed number not in the book has a made-up but constant owner."""
    if customer_id in CUSTOMERS or not re.fullmatch(r"C-\d+", customer_id):
        return CUSTOMERS.get(customer_id)
    chance = Random(customer_id)
    name = chance.choice(NAMES)
    email = f"{name.lower().replace(' ', '.')}@example.com"
    since = f"20{chance.randint(17, 25)}-06-01"
    return Customer(customer_id, name, email, since, "standard", (f"O-{customer_id[2:]}",))


def find_order(order_id: str) -> Order | None:
    """The order of that number; like customers, well-formed numbers beyond the book are made up and constant."""
    if order_id in ORDERS or not re.fullmatch(r"O-\d+", order_id):
        return ORDERS.get(order_id)
    chance = Random(order_id)
    price = chance.randint(20, 900) + 0.5
    item, currency = chance.choice(ITEMS), chance.choice(("USD", "EUR", "GBP"))
    return Order(order_id, f"C-{order_id[2:]}", item, "2026-02-10", "delivered", currency, price, (price, price))
