"""Personal data: the keyed hash is HMAC-SHA256, free text is redacted, nothing of either reaches the disk."""

from __future__ import annotations

import gzip
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.feeds import check, quarantined, take_all
from pipelines.feeds.personal import (
    HASH_HEX_DIGITS,
    CustomerKeyError,
    customer_key,
    hash_sql,
    redact_sql,
    register,
)
from pipelines.home import Home
from tests.feeds.conftest import ORDER, ORDER_HEADER, landed

Put = Callable[..., Path]


@settings(deadline=None, max_examples=40)
@given(st.binary(min_size=1, max_size=100), st.lists(st.text(min_size=1), min_size=1, max_size=20))
def test_the_hash_is_pythons_hmac(key: bytes, customers: list[str]) -> None:
    key = key.replace(b"\n", b"")  # parts the keys of a home whose key was changed
    customers = [text.replace("\0", "") for text in customers]
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select {hash_sql('c', key)} from (select unnest($1::text[]) as c)", [customers]
        )
        hashed = [row[0] for row in rows.fetchall()]
    assert hashed == [
        hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:HASH_HEX_DIGITS] for text in customers
    ]


def test_an_unknown_customer_stays_unknown() -> None:
    with duckdb.connect() as connection:
        assert connection.execute(f"select {hash_sql('null::text', b'key')}").fetchall() == [(None,)]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("écrire à jean.dupont+sav@mail.example.fr svp", "écrire à [e-mail] svp"),
        ("Appelez-moi au 06 12 34 56 78.", "Appelez-moi au [phone]."),
        ("tél:0612345678", "tél:[phone]"),
        ("+33 (0)6 12 34 56 78", "[phone]"),
        ("0033.6.12.34.56.78", "[phone]"),
        ("12 bis, rue de la République", "[street]"),
        ("3 avenue Foch", "[street]"),
        ("Hauptstraße 12", "[street]"),
        ("12 Baker Street", "[street]"),
        ("IBAN FR76 3000 6000 0112 3456 7890 189", "IBAN [iban]"),
        ("carte 4970 1234 5678 9012", "carte [card]"),
        ("Mme Durand-Leroy a appelé", "[name] a appelé"),
        ("Cordialement, Jean Dupont", "Cordialement, [name]"),
        ("Kind regards\nAnna Müller", "Kind regards\n[name]"),
        ("je m'appelle Zoé Martin", "je m'appelle [name]"),
        # What a technician writes stays readable.
        ("en cours de route la lame casse", "en cours de route la lame casse"),
        ("l'allée est pentue, 2 tours de vis", "l'allée est pentue, 2 tours de vis"),
        ("n° de série SN-00012345678, lot 0045123", "n° de série SN-00012345678, lot 0045123"),
        ("le 2024-03-31 à 02:30, 0,5 km", "le 2024-03-31 à 02:30, 0,5 km"),
        ("acheté le 12/05/2024, 1 249,90 €", "acheté le 12/05/2024, 1 249,90 €"),
    ],
)
def test_free_text_loses_what_names_a_person(text: str, redacted: str) -> None:
    with duckdb.connect() as connection:
        register(connection, b"key")
        assert connection.execute(f"select {redact_sql('t')} from (select $1 as t)", [text]).fetchall() == [
            (redacted,)
        ]


SECRETS = ("CUST-4711", "marie.curie@example.org", "06 98 76 54 32", "Curie", "rue Pierre")


def test_nothing_personal_is_on_disk_or_in_a_message_after_a_delivery(
    home: Home, put: Put, capfd: pytest.CaptureFixture[str]
) -> None:
    words = (
        "Bonjour, joignez-moi: marie.curie@example.org, 06 98 76 54 32, 11 rue Pierre. Cordialement, "
        "Marie Curie"
    )
    tickets = (
        "ticket_id,customer_id,channel,requested_at,description,quantity\n"
        f'T1,CUST-4711,phone,2024-03-01,"{words}",1\n'
        f'T2,CUST-4711,phone,2024-03-01,"{words}",0\n'
        # Shifted columns: the address stands where a code should.
        f"T3,CUST-4711,marie.curie@example.org,2024-03-01,,1\n"
        f'T4,CUST-4711,phone,"{words}\n'
    )
    put("tickets", gzip.compress(tickets.encode()), "tickets.csv.gz")
    put("orders", f"{ORDER_HEADER},customer_id,e-mail\n{ORDER},CUST-4711,marie.curie@example.org\n")
    checked = check(home, home.inbox / "tickets" / "tickets.csv.gz", "tickets")
    messages: list[str] = []
    deliveries = take_all(home, messages.append)
    spoken = "\n".join(
        [*messages, repr(deliveries), repr(checked), repr(quarantined(home)), *capfd.readouterr()]
    )
    assert sum(count.rows_quarantined for delivery in deliveries for count in delivery.counts) == 3
    assert [secret for secret in SECRETS if secret in spoken] == []
    stored = {path: path.read_bytes() for path in home.root.rglob("*") if path.is_file()}
    with duckdb.connect() as connection:
        for path in stored:
            if path.suffix == ".parquet":  # compressed: look at the values, not at the bytes
                stored[path] = repr(connection.execute(f"from '{path}'").fetchall()).encode()
    found = [
        (secret, path) for secret in SECRETS for path, content in stored.items() if secret.encode() in content
    ]
    assert found == []
    expected = hmac.new(b"a key that only tests know", b"CUST-4711", hashlib.sha256).hexdigest()[
        :HASH_HEX_DIGITS
    ]
    assert landed(home, "orders", "customer_id") == [(expected,)]
    assert landed(home, "tickets", "customer_id") == [(expected,)]


def test_what_a_parquet_file_says_of_itself_decides_nothing(home: Home, put: Put, tmp_path: Path) -> None:
    columns = ORDER_HEADER.split(",")
    values = ", ".join(f"'{value}' as {name}" for name, value in zip(columns, ORDER.split(","), strict=True))
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select {values}, 'CUST-4711' as customer_id) to '{tmp_path}/marked.parquet' "
            "(format parquet, kv_metadata {savoir_redacted: 'true'})"
        )
    put("orders", (tmp_path / "marked.parquet").read_bytes(), "marked.parquet")
    take_all(home)
    ((customer,),) = landed(home, "orders", "customer_id")
    assert customer != "CUST-4711"
    assert len(customer) == HASH_HEX_DIGITS


def test_the_key_is_made_once_for_its_owner_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAVOIR_CUSTOMER_KEY")
    key = customer_key(home)
    assert customer_key(home) == key
    assert home.customer_key.stat().st_mode & 0o777 == 0o600
    home.customer_key.chmod(0o644)
    with pytest.raises(CustomerKeyError, match="chmod 600"):
        customer_key(home)


def test_a_key_from_the_environment_must_be_long_enough(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAVOIR_CUSTOMER_KEY", "short")
    with pytest.raises(CustomerKeyError, match="at least 16"):
        customer_key(home)
