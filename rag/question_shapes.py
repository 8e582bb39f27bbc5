"""Shapes of English sentences, and the question that each answers. Data only; rag/sentence_questions.py asks.

The first shape that fits counts. Shapes are regular expressions in which <SUBJECT> and the like stand for
those of PARTS. In a question, {subject} and the like are what the shape found; {helping} and {base} are made
of its verb: of "opened", "did" and "open".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Verbs asked about, as they stand after "they", after "it", and in the past.
VERBS = (
    "have has had|last lasts lasted|take takes took|cost costs cost|weigh weighs weighed|own owns owned|"
    "contain contains contained|employ employs employed|operate operates operated|pay pays paid|"
    "open opens opened|close closes closed|start starts started|begin begins began|end ends ended|"
    "die dies died|join joins joined|win wins won|become becomes became|move moves moved|"
    "receive receives received|acquire acquires acquired|found founds founded|marry marries married|"
    "graduate graduates graduated|retire retires retired|launch launches launched|boil boils boiled|"
    "melt melts melted|freeze freezes froze|sign signs signed|publish publishes published|"
    "release releases released|resign resigns resigned|return returns returned|arrive arrives arrived|"
    "invade invades invaded|conquer conquers conquered|establish establishes established|"
    "discover discovers discovered|invent invents invented|adopt adopts adopted|debut debuts debuted|"
    "complete completes completed|introduce introduces introduced|premiere premieres premiered|"
    "increase increases increased|decrease decreases decreased|rise rises rose|fall falls fell|"
    "grow grows grew|decline declines declined|represent represents represented|cover covers covered|"
    "mean means meant"
)
_CHANGES = "increased|decreased|rose|fell|grew|declined"
_STATES = "had lasted took cost weighed contained employed paid represented covered meant".split()
_NO_EVENTS = (*_STATES, *_CHANGES.split("|"))
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"

#: What stands for a part of a sentence, by its name in a shape.
PARTS = {
    "SUBJECT": r"(?P<subject>[A-Z0-9][\w.'’&-]*(?: [\w.'’&-]+){0,7}?)",
    # What may stand between a name and its verb.
    "ASIDE": r"(?: \([^()]{1,80}\)|, [^,.;]{3,60},)?",
    "MORE": r"(?: (?!(?:and|but|or|which|that|who|while|when|in|on|was|were|is|are)\b)[\w'’&-]+)",
    "WAS": "(?P<be>was|were)",
    "IS": "(?P<be>is|are)",
    "BE": "(?P<be>is|are|was|were)",
    "MAY": "(?P<may>must|should|can|may|shall|will)",
    "EARLIER": "(?:(?:first|originally|officially|finally|formally|initially|later) )?",
    "DONE": (
        "(?:[a-z]{2,}ed|built|written|made|born|held|won|given|taken|shown|sold|bought|led|lost|drawn|set|sent|"
        "found|brought|chosen|sworn|grown|driven|kept|paid|spent|put|laid|begun|struck|left)"
    ),
    "EVENT": "(?P<verb>"
    + "|".join(past for own in VERBS.split("|") if (past := own.split()[2]) not in _NO_EVENTS)
    + ")",
    "CHANGE": f"(?P<verb>{_CHANGES})",
    "NUMBER": (
        r"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|"
        "fifty|sixty)"
    ),
    "ABOUT": (
        "(?:(?:about|approximately|roughly|around|nearly|almost|over|more than|at least|at most|up to|only) "
        ")?"
    ),
    "PERCENT": "(?: ?%| percent| per cent)",
    "PERIOD": "(?:seconds?|minutes?|hours?|(?:working |calendar )?days?|weeks?|months?|years?)",
    "DATE": (
        rf"(?:(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,? )?(?:{_MONTH} \d{{1,2}}(?:, \d{{4}})?|"
        rf"\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH},? \d{{4}})|(?:the )?(?:early |late |mid-)?"
        r"(?:1[0-9]\d\d|20\d\d)s?)(?![\d%-])"
    ),
    "YEAR": r"(?P<year>(?:in|during) (?:fiscal )?(?:19|20)\d\d)\b",
    "ORDER": (
        "(?:press|click|hold|turn|select|open|choose|remove|use|run|type|enter|go|send|fill|call|contact|set|add|"
        "install|make|see|write|tap|pull|push|ask|drag|start|stop|close|sign|log|visit|apply|complete|submit|"
        "speak|tell|put|take|leave|check|switch|report|wait|keep|do not|never|read|return|pay|bring|give)"
    ),
    "CONDITION": (
        "(?!(?:during|in|on|at|by|for|from|with|after|before|upon|within|under|there|so|not|any|only|and|or|"
        r"possible|necessary|needed|applicable)\b)(?P<condition>[a-z]+ [^,;:()“”\"—–]{8,70})"
    ),
    "DOING": r"(?![a-z]+ly\b)(?P<doing>[a-z]+(?: [\w'’-]+){1,6}?)",
    "DUTY": r"(?P<duty>(?:the )?[a-z][\w'’-]*(?: [\w'’-]+){1,5}?)",
}
_QUANTITIES = {
    "pressure": "bar|mbar|psi|kPa|MPa",
    "temperature": "°C|°F|degrees",
    "speed": "rpm|km/h|mph",
    "voltage": "V|volts?|kV",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape and how it is asked about; `named` wants a subject that is one thing, by name."""

    pattern: re.Pattern[str]
    asked: str
    named: bool


def _any(pattern: str, asked: str, *, named: bool = False) -> Shape:
    return Shape(re.compile(re.sub(r"<([A-Z]+)>", lambda own: PARTS[own[1]], pattern)), asked, named)


def _named(pattern: str, asked: str) -> Shape:
    return _any(pattern, asked, named=True)


_TO_DO = (
    _any(
        r"^To (?P<doing>[a-z]+ [^,.;:()]{3,50}), (?:(?:first|simply|please|just) )?<ORDER>\b",
        "How do I {doing}?",
    ),
    _any(r"^If <CONDITION>, (?:please )?<ORDER>\b", "What should I do if {condition}?"),
    _any(r"^When <CONDITION>, (?:please )?<ORDER>\b", "What should I do when {condition}?"),
    _any(r"^If <CONDITION>, (?:the|your|an?|you) ", "What happens if {condition}?"),
    _any(
        r"^(?:[A-Z][^,.;:]{3,60},? )?[Yy]ou can <DOING> (?:by [a-z]+ing|using|through)\b",
        "How can I {doing}?",
    ),
    _any(
        r"^(?:[A-Z][^,.;:]{3,60},? )?[Yy]ou (?P<may>can|may) <DOING>"
        r"(?=[,.;]| into | without | until | before | within )",
        "{may} I {doing}?",
    ),
    _any(r"^Only [\w'’ -]{3,50}? (?P<may>may|can) <DUTY>(?=[,.;:])", "Who {may} {duty}?"),
    _any(
        r"^<SUBJECT> (?:is|are) responsible for <DUTY>(?=[,.;]| and | or )", "Who is responsible for {duty}?"
    ),
    _any(
        r"^<SUBJECT> <MAY> be (?P<done>left|kept|stored|put|parked|bought|borrowed|reported|collected|"
        r"ordered|submitted|found|sent) (?:in|at|on|to|with|behind|beside) (?!the (?:same|following))",
        "Where {may} {subject} be {done}?",
    ),
    _any(r"^<SUBJECT> <MAY> be (?P<done><DONE><MORE>{0,4}?) every\b", "How often {may} {subject} be {done}?"),
    _any(
        r"^<SUBJECT> <MAY> be (?P<done><DONE><MORE>{0,4}?) (?:(?:within|no later than|at least) (?:the )?"
        r"(?:first )?<NUMBER> <PERIOD>|before |after )",
        "When {may} {subject} be {done}?",
    ),
    _any(
        r"^<SUBJECT> <MAY> be (?P<done><DONE>) (?:by [a-z]+ing|using|through|via)\b",
        "How {may} {subject} be {done}?",
    ),
    _any(
        r"^<SUBJECT> <IS> (?P<done>needed|required|due|payable) "
        r"(?:from|after|before|within|when|if|on|every)\b",
        "When {be} {subject} {done}?",
    ),
)
_WHEN = (
    _any(
        r"^<SUBJECT> <IS> (?P<done>open|closed) (?:from|on|between|until|every)\b",
        "When {be} {subject} {done}?",
    ),
    _any(r"^<SUBJECT> <IS> <NUMBER> <PERIOD> (?:before|after)\b", "When {be} {subject}?"),
    _any(r"^<SUBJECT> (?P<be>is|was) on <DATE>", "When {be} {subject}?"),
    _any(r"^<SUBJECT> will be on <DATE>", "When will {subject} be?"),
    _any(r"^<SUBJECT> takes place (?:in|on|every|at|between|from)\b", "When does {subject} take place?"),
    _named(
        r"^<SUBJECT><ASIDE> <WAS> (?P<done><EARLIER><DONE><MORE>{0,5}?) (?:in|on) <DATE>",
        "When {be} {subject} {done}?",
    ),
    _named(
        r"^(?:In|On) <DATE>,? (?!\d)<SUBJECT> <WAS> (?P<done><EARLIER><DONE><MORE>{0,6}?)"
        r"(?=[,.;]| in | by | when | after | and )",
        "When {be} {subject} {done}?",
    ),
    _named(
        r"^<SUBJECT><ASIDE> <EARLIER><EVENT>(?P<object><MORE>{0,5}?) (?:in|on) <DATE>",
        "When {helping} {subject} {base}{object}?",
    ),
    _named(
        r"^(?:In|On) <DATE>,? (?!\d)<SUBJECT> <EVENT>(?P<object><MORE>{1,6}?)"
        r"(?=[,.;]| in | by | when | after | and | which | for )",
        "When {helping} {subject} {base}{object}?",
    ),
    _any(
        r"^<SUBJECT> (?P<verb>opens?|closes?|starts?|begins?|ends?) at "
        r"(?:\d{1,2}[:.]\d\d|\d{1,2} ?[ap]\.?m|noon)",
        "When {helping} {subject} {base}?",
    ),
)
_HOW_MUCH = (
    *(
        _any(
            r"^<SUBJECT> (?P<verb>opens?|closes?|starts?|begins?|boils?|melts?|freezes?|operates?) at <ABOUT>"
            rf"\d[\d.,]* ?(?:{units})(?!\w)",
            f"At what {quantity} {{helping}} {{subject}} {{base}}?",
        )
        for quantity, units in _QUANTITIES.items()
    ),
    _named(
        r"^<SUBJECT> (?P<verb>has|have|had|contains?|employs?|employed|operates?|owns?) <ABOUT><NUMBER> "
        r"(?P<unit>(?:[a-z][\w-]+ ){0,2}[a-z][\w-]{2,}s)\b(?! of\b)",
        "How many {unit} {helping} {subject} {base}?",
    ),
    _any(
        r"^(?:[A-Z][^,;:]{3,30}(?:, \d{4})?, )?[Ww]e (?P<verb>have|employ|employed|own|operate) "
        r"<ABOUT><NUMBER> (?P<unit>(?:[a-z][\w-]+ ){0,2}[a-z][\w-]{2,}s|people)\b(?! of\b)",
        "How many {unit} {helping} we {base}?",
    ),
    _any(
        r"^<SUBJECT> <IS> entitled to <ABOUT><NUMBER> (?P<unit>[a-z]+s(?: of [a-z]+(?: [a-z]+)?)?)\b",
        "How many {unit} {be} {subject} entitled to?",
    ),
    _any(
        r"^<SUBJECT> (?P<verb>lasts?|lasted|takes?|took) <ABOUT><NUMBER> <PERIOD>\b",
        "How long {helping} {subject} {base}?",
    ),
    _any(
        r"^<SUBJECT> (?P<verb>costs?|weighs?|weighed) <ABOUT>(?:[$€£]|<NUMBER>)",
        "How much {helping} {subject} {base}?",
    ),
    _any(r"^<SUBJECT> will cost <ABOUT>(?:[$€£]|<NUMBER>)", "How much will {subject} cost?"),
    _any(
        r"^<SUBJECT> (?P<verb>pays?|paid|represents?|represented|covers?) <ABOUT><NUMBER><PERCENT> of "
        r"(?P<whole>(?:the |all )?[\w'’-]+(?: [\w'’-]+){0,3}?)(?=[,.;]| in | for | and )",
        "How much of {whole} {helping} {subject} {base}?",
    ),
    _named(
        r"^<SUBJECT> <CHANGE>(?: by)? <ABOUT>(?:[$€£] ?\d|<NUMBER><PERCENT>)[^.]{0,80}? <YEAR>",
        "How much {helping} {subject} {base} {year}?",
    ),
    _named(
        r"^<SUBJECT> <WAS> <ABOUT>(?:[$€£] ?\d|<NUMBER><PERCENT>)[^.]{0,80}? <YEAR>",
        "How much {be} {subject} {year}?",
    ),
    _named(
        r"^<SUBJECT> <BE> <ABOUT><NUMBER> [a-z]+ (?P<size>long|wide|high|tall|deep|thick|old)\b",
        "How {size} {be} {subject}?",
    ),
)
_WHO_AND_WHAT = (
    _named(
        r"^<SUBJECT><ASIDE> <WAS> (?P<done><EARLIER><DONE>) by (?:the )?[A-Z][\w.'’-]+ [A-Z]",
        "Who {be} {subject} {done} by?",
    ),
    _named(
        r"^<SUBJECT><ASIDE> <BE> (?P<done>located|situated|based|headquartered|held|stored|kept|found|born|"
        r"buried|raised|filmed|displayed) (?:in|at|near) "
        r"(?!<DATE>|<NUMBER>\b|order|addition|part\b|trust|which|place\b|this|that)",
        "Where {be} {subject} {done}?",
    ),
    _named(r"^<SUBJECT> <BE> (?P<done><DONE><MORE>{0,4}?) because\b", "Why {be} {subject} {done}?"),
    _any(
        r"^The (?P<what>[a-z]+(?: [a-z]+)?) of (?P<whole>(?:the |an? )?[\w'’&-]+"
        r"(?: (?:of the |of |the )?[\w'’&-]+){0,4}?) <BE> "
        r"(?=<ABOUT><NUMBER>|[$€£]|[A-Z]|to [a-z]+|(?:an?|the) [a-z])",
        "What {be} the {what} of {whole}?",
    ),
    _any(r"^<SUBJECT><ASIDE> <BE> (?P<said>(?:an?|the|one of the) [^.]{20,})\.?$", "{who} {be} {subject}?"),
    _any(r"^<SUBJECT> (?P<verb>refers? to|means?) [^.]{20,}", "What {be} {subject}?"),
)
SHAPES = (*_TO_DO, *_WHEN, *_HOW_MUCH, *_WHO_AND_WHAT)
