"""The rerankers there are, each in a plain sentence, and why one cannot be used yet.

Looking loads no model and asks no server; only a class of the user's own is imported.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.answerers import address_of
from rag.errors import ModelNotAvailable, SettingsError
from rag.llms import is_loopback, shown_address
from rag.rerankers.cross_encoder import local_model_folder
from rag.rerankers.embedded import weights_problem
from rag.rerankers.ensemble import member_names
from rag.rerankers.hosted import hosted_problem
from rag.rerankers.own import own_problem
from rag.settings import Settings


@dataclass(frozen=True)
class Offer:
    """A reranker: its name in the settings, its label to choose it by, and what it does.

    `short` names it in a list of settings. `settings` are the dotted settings that are its own.
    """

    name: str
    label: str
    short: str
    sentence: str
    settings: tuple[str, ...] = ()


OFFERED = tuple(
    Offer(name, label, short, sentence, tuple(own))
    for name, label, short, sentence, *own in (
        (
            *("late-interaction", "Word by word (built in)", "reranked"),
            "Matches every word of the question with every word of a passage, from what is stored: fast. "
            "The default, since nothing measured was surely better, and all that came near is slower.",
        ),
        (
            *("late-interaction-exact", "Word by word, exact", "reranked exactly"),
            "The same, computed anew for each passage: slower, hardly better.",
        ),
        (
            *("none", "As found", ""),
            "Keeps the order in which the searches found the passages.",
        ),
        (
            *("linear", "Weighted scores", "weighted scores"),
            "Adds up how well meaning and words match, each on a scale from 0 to 1.",
            "reranking.linear_weight",
        ),
        (
            *("weighted-rrf", "Weighted ranks", "weighted ranks"),
            "Adds up the places in both searches, with more weight on one of them.",
            "reranking.rank_weight",
        ),
        (
            *("query-aware", "By the kind of question", "by kind of question"),
            "Codes and quoted phrases go by the words, questions by word-by-word matching.",
        ),
        (
            *("mmr", "Varied", "varied"),
            "Puts passages that say something new before those that repeat what stands above.",
            "reranking.mmr_balance",
        ),
        (
            *("ensemble", "Several together", "several together"),
            "Averages the judgement of several of these.",
            "reranking.ensemble",
        ),
        (
            *("embedded-cross-encoder", "Read together (built in)", "read together"),
            "A small second model that comes with Askance reads the question with each passage: slow, and on "
            "what was measured hardly better than word by word.",
        ),
        (
            *("cross-encoder", "Second model (cross-encoder)", "cross-encoder"),
            "A second model reads the question with each passage: slow, often better. To be downloaded once.",
            *("reranking.cross_encoder", "reranking.allow_downloads"),
        ),
        (
            *("llm", "Your chat model", "chat model"),
            "The chat model that answers puts the passages in order first: slow, and costs its tokens.",
            "reranking.llm_candidates",
        ),
        (
            *("colbert", "ColBERT", "ColBERT"),
            "Word-by-word matching with a model made for it: slow. Needs the package rerankers and a model.",
            "reranking.colbert",
        ),
        (
            *("cohere", "Cohere", "Cohere"),
            "Sends the question and the passages to Cohere, which scores them.",
            *("reranking.cohere_model", "reranking.cohere_key"),
        ),
        (
            *("jina", "Jina, or a server like it", "Jina"),
            "Sends the question and the passages to Jina, or to a server of yours that speaks its protocol.",
            *("reranking.jina_url", "reranking.jina_model", "reranking.jina_key"),
        ),
        (
            *("voyage", "Voyage", "Voyage"),
            "Sends the question and the passages to Voyage, which scores them.",
            *("reranking.voyage_model", "reranking.voyage_key"),
        ),
        (
            *("openai", "OpenAI (LanceDB's prompt)", "OpenAI"),
            "Sends question and passages to the OpenAI-compatible server, which writes out a score for each.",
        ),
        (
            *("own", "Your own class", "your own"),
            "A class of yours, named by its dotted path; it runs with the rights of this program.",
            "reranking.own",
        ),
    )
)
RERANKERS = tuple(offer.name for offer in OFFERED)
BY_NAME = {offer.name: offer for offer in OFFERED}


def check_reranker(settings: Settings) -> None:
    """Raises SettingsError unless the reranker that the settings name is one of those."""
    name = settings.retrieval.reranker
    if name not in RERANKERS:
        raise SettingsError(f"retrieval.reranker = {name!r}: must be one of {', '.join(RERANKERS)}.")


def members_of(name: str, settings: Settings) -> list[str]:
    """The rerankers that one asks: itself, or an ensemble's members. Raises SettingsError."""
    return member_names(settings.reranking.ensemble, RERANKERS) if name == "ensemble" else [name]


def problem_with(name: str, settings: Settings) -> str:
    """Why this reranker cannot be used under these settings, and what to do; empty when it can."""
    if name == "ensemble":
        try:
            members = members_of(name, settings)
        except SettingsError as error:
            return str(error)
        problems = ((member, problem_with(member, settings)) for member in members)
        return next((f"Its member {member}: {problem}" for member, problem in problems if problem), "")
    if name == "embedded-cross-encoder":
        return weights_problem()
    if name == "cross-encoder":
        own = settings.reranking
        return "" if own.allow_downloads else _model_problem(own.cross_encoder, "reranking.cross_encoder")
    if name == "llm" and settings.answer.model == "extractive":
        return "There is no chat model yet: choose one under who answers (answer.model)."
    if name == "own":
        return own_problem(settings.reranking.own)
    problem = hosted_problem(name, settings.reranking, settings.openai)
    if name == "colbert" and not problem:
        return _model_problem(settings.reranking.colbert, "reranking.colbert")
    return problem


def asks_servers(settings: Settings) -> bool:
    """Whether ranking waits for a server, which may cost money, each time that it is asked."""
    try:
        members = members_of(settings.retrieval.reranker, settings)
    except SettingsError:
        return False
    return bool({"llm", "cohere", "jina", "voyage", "openai"} & set(members))


def destinations(settings: Settings) -> tuple[str, ...]:
    """Who else sees the question and the passages when the reranker in the settings ranks; none: nobody."""
    try:
        members = members_of(settings.retrieval.reranker, settings)
    except SettingsError:
        return ()
    addresses = {
        "jina": settings.reranking.jina_url,
        "openai": settings.openai.base_url,
        "llm": address_of(settings, settings.answer.model),
    }
    services = {"cohere": "Cohere", "voyage": "Voyage"}
    found = []
    for member in members:
        if member == "llm" and settings.answer.model == "extractive":
            continue
        if member in services:
            found.append(services[member])
        elif member in addresses and not is_loopback(addresses[member]):
            found.append(shown_address(addresses[member]))
    return tuple(dict.fromkeys(found))


def _model_problem(name: str, setting: str) -> str:
    try:
        local_model_folder(name, setting)
    except ModelNotAvailable as error:
        return str(error)
    return ""
