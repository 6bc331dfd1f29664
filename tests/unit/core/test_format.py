from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core import canonical_json
from dltui.core import format as fmt


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (812, "812"),
        (1_000, "1.00k"),
        (81_930, "81.9k"),
        (214_118, "214k"),
        (4_118_204, "4.12M"),
        (13_100_000, "13.1M"),
        (2_500_000_000, "2.50G"),
        (10**21, "1,000,000,000,000G"),
    ],
)
def test_gas(amount: int, text: str) -> None:
    assert fmt.gas(amount) == text


def test_megabytes_of_small_models_are_not_nothing() -> None:
    sizes = (4_000, 31_808, 99_999, 204_000, 44_746_632)
    assert [fmt.megabytes(n) for n in sizes] == ["0.004 MB", "0.032 MB", "0.100 MB", "0.2 MB", "44.7 MB"]


@given(st.integers(-(2**256), 2**256))
def test_ether_is_exact_to_the_sixth_place(wei: int) -> None:
    text = fmt.ether(wei).replace(",", "")
    assert abs(Fraction(text) * 10**18) <= abs(wei) < abs(Fraction(text) * 10**18) + 10**12


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (41, "41 s"),
        (125, "2 min 05 s"),
        (11_220, "3 h 07 min"),
        (1e9, "277,777 h 46 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert fmt.duration(seconds) == text


def test_short_forms() -> None:
    assert fmt.short("0x71c200000000009e4f") == "0x71c2…9e4f"
    assert fmt.short("abcdef") == "abcdef"
    assert fmt.accuracy(9123) == "0.912" and fmt.accuracy(9123, 4) == "0.9123" and fmt.accuracy(None) == "-"
    assert fmt.delta(-210) == "-0.021" and fmt.delta(None) == ""
    assert fmt.number(0.28149) == "0.281" and fmt.number(None) == "-" and fmt.number(123456.0) == "1.2e+05"
    assert fmt.clock(161.9) == "00:02:41"
    assert fmt.names(("a",)) == "a" and fmt.names([]) == ""
    assert fmt.names(tuple("abcdefgh")) == "a, b, c, d, e and 3 more"
    assert fmt.plural(1, "update") == "1 update" and fmt.plural(1200, "update") == "1,200 updates"
    assert fmt.seconds(7) == "7 s" and fmt.seconds(125) == "2 min 05 s"


def test_times() -> None:
    assert fmt.unix("2026-11-24T00:00:00.250Z") == 1_795_478_400.25
    assert fmt.unix("") is None and fmt.unix("yesterday") is None
    assert fmt.age("2026-11-24T00:00:00.250Z", 1_795_478_403.9) == "3 s"
    assert fmt.age("", 0) == "-"
    assert fmt.time_of_day("2026-11-24T14:02:11.412Z") == "14:02:11.4"


def test_each_symbol_has_a_plain_twin() -> None:
    assert fmt.symbol("ok") == "●" and fmt.symbol("ok", ascii=True) == "o"
    assert fmt.symbol("never heard of") == fmt.symbol("idle")
    plain = [twin for _, twin in fmt.SYMBOLS.values()]
    assert len(set(plain)) == len(plain) and all(twin.isascii() for twin in plain)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, "ended with code 0"),
        (1, "ended with code 1"),
        (-15, "was ended by SIGTERM"),
        (-40, "was ended by signal 40"),
        (-(10**6), "was ended by signal 1000000"),
    ],
)
def test_how_a_process_ended(code: int, said: str) -> None:
    assert fmt.ending(code) == said


def test_canonical_json() -> None:
    assert canonical_json.dumps({"b": [1, 0.5, None], "a": "ü"}) == b'{"a":"\\u00fc","b":[1,0.5,null]}'
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="JSON"):
            canonical_json.dumps(value)
