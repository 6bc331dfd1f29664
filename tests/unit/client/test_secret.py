"""Secrets by purpose: fixed vectors, and no two purposes or clients share one."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.client.secret import RECORD_SALT, derive_secret

ROOT = bytes(range(32))
VECTORS = {
    RECORD_SALT: "e7e70a693213a940c401e2ee465fa1f2ee12bcb84e54dd3b846e9e5b15a784de",
    b"dltui noise\x00\x00\x00\x07": "cd0ad4564ff141bbc0b2e03d43b5d504e4f7ab2159419be1d330c511d8e3596a",
    b"": "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd",
}


@pytest.mark.parametrize("label", VECTORS)
def test_a_label_gives_these_bytes_for_ever(label: bytes) -> None:
    assert derive_secret(ROOT, label).hex() == VECTORS[label]


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.binary(min_size=32, max_size=32), st.binary())
def test_another_root_or_label_gives_another_secret(root: bytes, label: bytes, other: bytes, more: bytes) -> None:
    secret = derive_secret(root, label)
    assert secret == derive_secret(root, label) and len(secret) == 32
    assert (derive_secret(other, label) == secret) is (other == root)
    assert (derive_secret(root, more) == secret) is (more == label)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_root_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        derive_secret(bytes(size), RECORD_SALT)


def test_the_empty_label_is_the_published_hash_of_the_root() -> None:
    assert derive_secret(ROOT, b"") == hashlib.sha256(ROOT).digest()
