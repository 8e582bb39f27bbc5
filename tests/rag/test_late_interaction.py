"""Late interaction against hand-computed cases and against its own definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.late_interaction import (
    BLOCK_TOKENS,
    best_matches,
    pack_signs,
    passage_scores,
    sign_matches,
    sign_scores,
    token_matches,
    unpack_signs,
)


def test_signs_survive_packing() -> None:
    tokens = np.array([[0.5, -0.1, 0.0, 2.0, -3.0, 1.0, -1.0, 0.2]], np.float32)
    packed = pack_signs(tokens)
    assert packed == bytes([0b10010101])
    expected = np.array([[1, -1, -1, 1, -1, 1, -1, 1]], np.float32) / np.sqrt(8)
    np.testing.assert_allclose(unpack_signs(packed, 8), expected)


def test_score_is_the_mean_of_each_query_tokens_best_match() -> None:
    query = np.array([[1, 0], [0, 1]], np.float32)
    first = np.array([[1, 0], [0.6, 0.8]], np.float32)  # best matches 1.0 and 0.8: mean 0.9
    second = np.array([[0, 1]], np.float32)  # best matches 0.0 and 1.0: mean 0.5
    np.testing.assert_allclose(passage_scores(query, [first, second]), [0.9, 0.5])
    # Weights 3 and 1: (3 * 1.0 + 0.8) / 4 and (0 + 1) / 4.
    weighted = passage_scores(query, [first, second], np.array([3, 1], np.float32))
    np.testing.assert_allclose(weighted, [0.95, 0.25])


def test_empty_queries_and_passages_score_nothing() -> None:
    empty = np.zeros((0, 8), np.float32)
    some = np.ones((2, 8), np.float32)
    assert passage_scores(empty, [some]).tolist() == [0]
    assert sign_scores(some, [b"", pack_signs(some)], 8)[0] == 0
    assert sign_scores(empty, [b""], 8).tolist() == [0]


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_scoring_all_passages_at_once_equals_one_by_one(seed: int, lengths: list[int]) -> None:
    random = np.random.default_rng(seed)
    query = random.standard_normal((3, 16)).astype(np.float32)
    passages = [random.standard_normal((length, 16)).astype(np.float32) for length in lengths]
    packed = [pack_signs(passage) for passage in passages]
    alone = [float(passage_scores(query, [unpack_signs(own, 16)])[0]) for own in packed]
    np.testing.assert_allclose(sign_scores(query, packed, 16), alone, rtol=1e-4, atol=1e-5)
    assert best_matches(query, passages).shape == (3, len(passages))


@pytest.mark.parametrize("dimension", [8, 64, 384])
def test_signs_approximate_the_exact_score(dimension: int) -> None:
    random = np.random.default_rng(7)
    token = random.standard_normal((1, dimension)).astype(np.float32)
    token /= np.linalg.norm(token)
    near, far = token, -token
    scores = sign_scores(token, [pack_signs(near), pack_signs(far)], dimension)
    assert scores[0] > 0.6
    assert scores[1] == pytest.approx(-scores[0], abs=1e-5)


def test_bits_and_unpacked_signs_give_the_same_matches_across_blocks() -> None:
    random = np.random.default_rng(3)
    query = random.standard_normal((4, 64)).astype(np.float32)
    packed = pack_signs(random.standard_normal((2 * BLOCK_TOKENS + 5, 64)).astype(np.float32))
    expected = token_matches(query, unpack_signs(packed, 64))
    np.testing.assert_allclose(sign_matches(query, packed, 64), expected, rtol=1e-4, atol=1e-5)
