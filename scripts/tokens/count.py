"""Counts tokens with the real tokenizers: texts in, their counts by tokenizer out.

The vocabularies are taken from published packages, unpacked into one folder that `TOKENIZERS` names; README.md lists
them.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
from collections.abc import Callable

import tiktoken
import tokenizers

FOLDER = pathlib.Path(os.environ["TOKENIZERS"])

Counter = Callable[[list[str]], list[int]]

# How each of the byte-pair tokenizers cuts a text before it merges bytes.
_TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_CL100K = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + _TAIL
_QWEN = _CL100K.replace(r"\p{N}{1,3}", r"\p{N}")
_CAPITAL, _SMALL = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_LEAD = r"[^\r\n\p{L}\p{N}]?"
_WORDS = (f"{_LEAD}{_CAPITAL}*{_SMALL}+{_SHORT}", f"{_LEAD}{_CAPITAL}+{_SMALL}*{_SHORT}")
_O200K = "|".join(_WORDS) + r"|\p{N}{1,3}" + _TAIL.replace(r"[\r\n]*|", r"[\r\n/]*|", 1)


def _merges(name: str, pattern: str, ranks: dict[bytes, int]) -> Counter:
    encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return lambda texts: [len(encoding.encode_ordinary(text)) for text in texts]


def _ranks(name: str) -> dict[bytes, int]:
    lines = (FOLDER / name).read_bytes().splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}


def _tekken(name: str) -> Counter:
    data = json.loads((FOLDER / name).read_text())
    config = data["config"]
    size = config["default_vocab_size"] - config["default_num_special_tokens"]
    ranks = {base64.b64decode(token["token_bytes"]): token["rank"] for token in data["vocab"][:size]}
    return _merges("mistral", config["pattern"], ranks)


def _file(name: str) -> Counter:
    tokenizer = tokenizers.Tokenizer.from_file(str(FOLDER / name))
    return lambda texts: [len(one.ids) for one in tokenizer.encode_batch(texts, add_special_tokens=False)]


def _llama(texts: list[str]) -> list[int]:
    """The package is for JavaScript alone."""
    program = (
        "import t from process.argv[1]; import fs from 'fs';"
        "const texts = JSON.parse(fs.readFileSync(0, 'utf8'));"
        "console.log(JSON.stringify(texts.map(x => t.encode(x, {bos: false, eos: false}).length)));"
    ).replace("process.argv[1]", json.dumps(str(FOLDER / "llama3-tokenizer-with-baked-data.js")))
    command = ["node", "--input-type=module", "-e", program]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, check=True)
    counts: list[int] = json.loads(done.stdout)
    return counts


COUNTERS: dict[str, Counter] = {
    "o200k": _merges("o200k", _O200K, _ranks("o200k_base.tiktoken")),
    "cl100k": _merges("cl100k", _CL100K, _ranks("cl100k_base.tiktoken")),
    "claude": _file("claude.json"),
    "gemini": _file("gemini.json"),
    "llama": _llama,
    "mistral": _tekken("tekken_240911.json"),
    "qwen": _merges("qwen", _QWEN, _ranks("qwen.tiktoken")),
    "deepseek": _file("deepseek.json"),
}


def counts(texts: list[str]) -> dict[str, list[int]]:
    """The counts of every text by every tokenizer."""
    return {name: counter(texts) for name, counter in COUNTERS.items()}
