"""Labelled asks in, wording.bin out: which kind of task words speak for, and how hard. Little-endian:

"CRL2"
f32[13 + 1] bias of each kind, and of the shift of the difficulty
f32[45][13] weights of what the patterns say: scores of the 15 kinds, whether each was said, which one leads
f32[2] step of one packed weight, of kinds and of the shift
u64[2240][8] words, by the 2240th part of all hashes that theirs is in: the low byte tells them apart (0: free), then 14
weights of 4 bits
"""

import json
import pathlib
import random
import subprocess
import warnings

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge

ASKS = pathlib.Path(__file__).resolve().parent / "asks"
OPEN = ASKS.parents[1] / "router-sdk" / "src" / "classify" / "testdata"
# The order of `KINDS` in wording.rs, and the two kinds that it leaves to the patterns.
KINDS = [
    "code",
    "debug",
    "math",
    "reasoning",
    "extraction",
    "classification",
    "translation",
    "summarisation",
    "creative",
    "chat",
    "simple_question",
    "roleplay",
    "agentic",
]
PATTERNS = [*KINDS, "long_context", "vision"]
TIERS = {"easy": 0.2, "medium": 0.5, "hard": 0.8}
LANGUAGES = ["en", "en-2", "de", "fr", "es", "pt", "it", "nl", "pl", "tr", "ru", "uk", "ar", "hi", "zh", "ja", "ko"]
# The level of each kind in difficulty.rs, from which the shift leads to the tier.
LEVELS = [0.53, 0.56, 0.50, 0.57, 0.25, 0.22, 0.22, 0.26, 0.34, 0.22, 0.27, 0.31, 0.35]
# As in wording.rs.
LINES, WAYS, FEWEST, LONGEST_ASK = 2_240, 8, 4, 1_000
SCORE, SPOKEN, SPOKEN_COUNTS = (6.0, 10.0), 0.75, 0.3
# A word counts from so many asks on.
SEEN_FROM = 3
# The inverse strength of the ridge of kinds, and the ridge of the shift.
FREEDOM, RIDGE = 20.0, 4.0
# What of the shift is believed: one hand rated the asks.
BELIEVED = 0.7
# How often an ask counts that nobody rated: the plain ones that rules and word lists were written with.
UNRATED = 4.0
# How often each ask is misspelt for training, in other languages and in English, and how much one of these counts.
MISSPELT, SLIPPED = (1, 3), 0.5
ITERATIONS = 150
LARGEST = 7
FOLDS = 5


class Asks:
    """Asks with their kind, tier, language and what the classifier reads in them; one number for all tellings of one."""

    def __init__(self, texts, kinds, tiers, languages, asks, slips, extractor):
        self.texts, self.language, self.slips = texts, np.array(languages), np.array(slips)
        self.kind = np.array([KINDS.index(kind) for kind in kinds])
        self.tier = np.array([np.nan if tier is None else TIERS[tier] for tier in tiers])
        self.ask = np.array(asks)
        lines = "".join(json.dumps({"prompt": text}) + "\n" for text in texts)
        done = subprocess.run([str(extractor)], input=lines.encode(), stdout=subprocess.PIPE, check=True)
        rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
        self.words = [np.array(row["wording"], np.uint32) for row in rows]
        scores = np.array([row["scores"] for row in rows])
        lead = np.array([PATTERNS.index(row["said"]) for row in rows])
        self.patterns = lead
        # Patterns are in the order of `TaskKind::ALL`, which is that of PATTERNS.
        self.said = np.hstack(
            [
                np.minimum(scores, SCORE[0]) / SCORE[1],
                (scores > SPOKEN) * SPOKEN_COUNTS,
                np.eye(len(PATTERNS))[lead] * SPOKEN_COUNTS,
            ]
        )


def read(extractor):
    """All asks that may be learned from, and each misspelt."""
    columns = [], [], [], [], [], []
    for number, (kind, tier, tellings) in enumerate([*written(), *opened()]):
        for language, text in tellings:
            for slip in range(1 + MISSPELT[language.startswith("en")]):
                said = misspelt(text, slip) if slip else text
                for column, value in zip(columns, (said, kind, tier, language, number, slip > 0), strict=True):
                    column.append(value)
    return Asks(*columns, extractor)


def written(folder=ASKS):
    """The asks of the folder, tab-separated: kind, tier (or -), and the ask in each language (or -)."""
    for path in sorted(folder.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, tier, *tellings = line.split("\t")
            told = zip(LANGUAGES, tellings, strict=True)
            yield kind, None if tier == "-" else tier, [(language, text) for language, text in told if text != "-"]


def opened(folder=OPEN):
    """The prompts that rules were written with, as far as they are one short message; their tiers are not learned from."""
    for line in (folder / "kinds.tsv").read_text(encoding="utf-8").splitlines():
        language, kind, text = line.split("\t")
        if kind in KINDS:
            yield kind, None, [(language, text)]
    prompts = (folder / "asks_open.jsonl").read_text(encoding="utf-8").splitlines()
    for prompt in [*map(json.loads, prompts), *json.loads((folder / "everyday_tune.json").read_text(encoding="utf-8"))]:
        [kind, *_], [message, *more] = prompt["kinds"], prompt["request"]["messages"]
        text = message["content"]
        plain = not more and isinstance(text, str) and "{{" not in text and len(text.encode()) <= LONGEST_ASK
        if plain and kind in KINDS:
            yield kind, None, [(prompt["language"], text)]


def misspelt(text, seed):
    """The text with two letters changed in place, one left out and one doubled, each in another word of four letters."""
    draw = random.Random(f"{seed} {text}")
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) >= 4]
    for slip, at in enumerate(draw.sample(long, min(3, len(long)))):
        word = words[at]
        place = draw.randrange(1, len(word) - 1)
        before, letter, after = word[:place], word[place], word[place + 1 :]
        words[at] = (before + after[0] + letter + after[1:], before + after, before + letter * 2 + after)[slip]
    return " ".join(words)


def mark(hashes):
    """What tells the words of a line apart."""
    low = hashes & np.uint32(0xFF)
    return np.where(low == 0, 1, low).astype(np.uint8)


def line(hashes):
    """The line of the table that a word stands in."""
    return ((hashes.astype(np.uint64) * np.uint64(LINES)) >> np.uint64(32)).astype(int)


def design(asks, known, at):
    """Known words as a matrix: each counts as often as it is said, less where many are known."""
    places, starts, values = [], [0], []
    for number in at:
        words = asks.words[number]
        found = np.searchsorted(known, words)
        found = np.minimum(found, len(known) - 1)
        inside = found[known[found] == words]
        places.append(inside)
        starts.append(starts[-1] + len(inside))
        values.append(np.full(len(inside), 1 / np.sqrt(max(FEWEST, len(inside)))))
    shape = (len(at), len(known))
    return sparse.csr_matrix((np.concatenate(values), np.concatenate(places), np.array(starts)), shape=shape)


def vocabulary(asks, at):
    """Hashes that stand in several asks, whatever the language, sorted; and in how many."""
    pairs = np.unique(
        np.concatenate(
            [(np.unique(asks.words[n]).astype(np.uint64) << np.uint64(32)) + np.uint64(asks.ask[n]) for n in at]
        )
    )
    words, count = np.unique((pairs >> np.uint64(32)).astype(np.uint32), return_counts=True)
    return words[count >= SEEN_FROM], count[count >= SEEN_FROM]


class Fitted:
    """The model in the precision that ships."""

    def __init__(self, asks, at):
        at = np.asarray(at)
        words, count = vocabulary(asks, at)
        kinds, shift = solve(asks, at, words)
        weight = np.abs(kinds.coef_[:, : len(words)]).max(0) + np.abs(shift.coef_)
        self.words = seated(words, weight * np.sqrt(count))
        kinds, shift = solve(asks, at, self.words)
        size = len(self.words)
        self.bias = np.append(kinds.intercept_, shift.intercept_).astype(np.float32)
        self.said = kinds.coef_[:, size:].T.astype(np.float32)
        self.steps = np.array([step(kinds.coef_[:, :size]), step(shift.coef_)], np.float32)
        self.packed = np.vstack(
            [packed(kinds.coef_[:, :size], self.steps[0]), packed(shift.coef_[None, :], self.steps[1])]
        )

    def heads(self, asks, at):
        """Odds of the kinds and the shift."""
        design_ = design(asks, self.words, at)
        kinds = design_ @ (self.packed[:-1].T * self.steps[0]) + self.bias[:-1] + asks.said[at] @ self.said
        return kinds, design_ @ (self.packed[-1] * self.steps[1]) + self.bias[-1]

    def blob(self):
        """The artefact."""
        table = np.zeros((LINES, WAYS), np.uint64)
        used = np.zeros(LINES, int)
        nibbles = (self.packed + 8).astype(np.uint64)
        for place, (mark_, at) in enumerate(zip(mark(self.words), line(self.words), strict=True)):
            slot = np.uint64(mark_)
            for head in range(len(nibbles)):
                slot |= nibbles[head, place] << np.uint64(8 + 4 * head)
            table[at, used[at]] = slot
            used[at] += 1
        floats = np.concatenate([self.bias, self.said.ravel(), self.steps]).astype("<f4")
        return b"CRL2" + floats.tobytes() + table.astype("<u8").tobytes()


def solve(asks, at, words):
    """Multinomial odds of the kinds and a ridge of the shift; all tellings of an ask count."""
    inside = design(asks, words, at)
    target = asks.tier[at] - np.array(LEVELS)[asks.kind[at]]
    rated = ~np.isnan(target)
    weight = np.where(rated, 1.0, UNRATED) * np.where(asks.slips[at], SLIPPED, 1.0)
    kinds = LogisticRegression(C=FREEDOM, max_iter=ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kinds.fit(sparse.hstack([inside, sparse.csr_matrix(asks.said[at])]).tocsr(), asks.kind[at], weight)
    # Which asks are rated says nothing of asks at large: on average nothing is shifted, and nothing where none was rated.
    target = np.where(rated, BELIEVED * (target - target[rated].mean()), 0.0)
    return kinds, Ridge(alpha=RIDGE, solver="lsqr", tol=1e-5).fit(inside, target, weight)


def seated(words, worth):
    """The words that get a place: of each line the worthiest, and of words that look alike there the worthiest."""
    marks, lines = mark(words), line(words)
    used, taken, kept = np.zeros(LINES, int), set(), []
    for place in np.lexsort((words, -worth)):
        at = lines[place]
        if used[at] < WAYS and (at, marks[place]) not in taken:
            used[at] += 1
            taken.add((at, marks[place]))
            kept.append(words[place])
    return np.sort(np.array(kept, np.uint32))


def step(weights):
    """The worth of one packed step: the largest weights are clipped."""
    return np.quantile(np.abs(weights[weights != 0]), 0.999) / LARGEST


def packed(weights, unit):
    return np.clip(np.rint(weights / unit), -LARGEST, LARGEST).astype(np.int8)


def measure(asks):
    """Odds of the kinds and the shift, by folds that keep all tellings of an ask together."""
    fold = np.random.default_rng(0).integers(0, FOLDS, asks.ask.max() + 1)[asks.ask]
    odds, shift = np.zeros((len(fold), len(KINDS))), np.zeros(len(fold))
    for part in range(FOLDS):
        held = np.flatnonzero(fold == part)
        odds[held], shift[held] = Fitted(asks, np.flatnonzero(fold != part)).heads(asks, held)
    return odds, shift


def measured(asks):
    """Per language and in all: asks, kinds right by the patterns alone and with words, tiers told apart by the shift."""
    odds, shift = measure(asks)
    rated = ~np.isnan(asks.tier) & ~asks.slips
    right = {"patterns": asks.patterns == asks.kind, "words": odds.argmax(1) == asks.kind}
    share = np.exp(odds - odds.max(1, keepdims=True))
    sure = (share / share.sum(1, keepdims=True)).max(1)

    def row(name, inside):
        within = [np.corrcoef(shift[part], asks.tier[part])[0, 1] for part in kinds_of(asks, inside)]
        found = {key: float(value[inside].mean()) for key, value in right.items()}
        return (
            dict(
                language=name, asks=int(inside.sum()), promised=float(sure[inside].mean()), tier=float(np.mean(within))
            )
            | found
        )

    rows = [row(language, rated & (asks.language == language)) for language in LANGUAGES]
    return [*rows, row("all", rated)]


def kinds_of(asks, inside):
    """The asks of each kind that has some of every tier."""
    parts = [inside & (asks.kind == kind) for kind in range(len(KINDS))]
    return [part for part in parts if part.sum() >= FEWEST and len(np.unique(asks.tier[part])) > 1]


def parsed(blob):
    """The parts of the artefact, read back from its bytes."""
    floats = len(KINDS) + 1 + 3 * len(PATTERNS) * len(KINDS) + 2
    values = np.frombuffer(blob, "<f4", floats, 4)
    bias, rest = values[: len(KINDS) + 1], values[len(KINDS) + 1 :]
    table = np.frombuffer(blob, "<u8", offset=4 + 4 * floats).reshape(LINES, WAYS)
    return bias, rest[:-2].reshape(-1, len(KINDS)), rest[-2:], table


def heard(blob, row):
    """The odds of one extracted row and its shift, by the bytes of the artefact."""
    bias, said, steps, table = parsed(blob)
    sums, known = np.zeros(len(KINDS) + 1), 0
    words = np.array(row["wording"], np.uint32)
    for mark_, at in zip(mark(words), line(words), strict=True):
        slots = table[at]
        for slot in slots[(slots & np.uint64(0xFF)) == mark_][:1]:
            sums += [(int(slot) >> (8 + 4 * head) & 0xF) - 8 for head in range(len(KINDS) + 1)]
            known += 1
    heads = bias + sums * np.append(np.full(len(KINDS), steps[0]), steps[1]) / np.sqrt(max(FEWEST, known))
    scores = np.array(row["scores"])
    lead = np.eye(len(PATTERNS))[PATTERNS.index(row["said"])]
    inputs = np.concatenate(
        [np.minimum(scores, SCORE[0]) / SCORE[1], (scores > SPOKEN) * SPOKEN_COUNTS, lead * SPOKEN_COUNTS]
    )
    heads[:-1] += inputs @ said
    return [round(float(value), 4) for value in heads]
