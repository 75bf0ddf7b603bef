"""Corpora: text -> chapters -> words -> token ids. No torch.

    源    且说董卓字仲颖，陇西临洮人也
    words 且说 董卓 字仲颖 ， 陇西 临洮 人 也
    ids   且说 董卓 字 仲 颖 ， 陇西 临 洮 人 也        (a word outside the vocabulary falls back to its characters)

sources.py      finding a text: built-in names, files, folders; its chapters; its hash
cleaning.py     normalisation of white space, wrapped lines and private-use characters
words.py        tokenizers: jieba, white space, single characters
vocabulary.py   which words and characters get an id, learned on the training chapters only
corpus.py       the tokenised corpus, cached by the hash of its text and its tokenizer; the probe sentence
far.py          which targets need far context, by counts of words
passages.py     the tutorial's three short passages
"""

from benchmark.tasks.corpus.corpus import Corpus, CorpusInfo, describe, load, probe_sentence, suited_to
from benchmark.tasks.corpus.passages import TUTORIAL_PASSAGES
from benchmark.tasks.corpus.sources import BUILT_IN, Source, content_hash, find, hash_of
from benchmark.tasks.corpus.words import AUTO, TOKENIZERS

__all__ = [
    "AUTO",
    "BUILT_IN",
    "TOKENIZERS",
    "TUTORIAL_PASSAGES",
    "Corpus",
    "CorpusInfo",
    "Source",
    "content_hash",
    "describe",
    "find",
    "hash_of",
    "load",
    "probe_sentence",
    "suited_to",
]
