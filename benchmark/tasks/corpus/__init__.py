"""Corpora: text -> chapters -> words -> token ids. No torch.

    源    且说董卓字仲颖，陇西临洮人也
    words 且说 董卓 字仲颖 ， 陇西 临洮 人 也
    ids   且说 董卓 字 仲 颖 ， 陇西 临 洮 人 也        (a word outside the vocabulary falls back to its characters)

sources.py      finding a text: built-in names, files, folders; its hash
folders.py      the files of a folder, in a reader's order
decoding.py     from the bytes of a file to its text, in the encoding it fits; binary and damaged files
languages.py    how much a text looks like a language, to choose between encodings
characters.py   invisible and look-alike characters
chapters.py     division into chapters, and which are held out
cleaning.py     normalisation of white space, wrapped lines and private-use characters
words.py        tokenizers: jieba, white space, single characters
vocabulary.py   which words and characters get an id, learned on the training chapters only
corpus.py       the tokenised corpus, cached by the hash of its text and its tokenizer; the probe sentence
far.py          which targets need far context, by counts of words
passages.py     the tutorial's three short passages
"""

from benchmark.tasks.corpus.corpus import Corpus, CorpusInfo, describe, file_of, load, probe_sentence, suited_to
from benchmark.tasks.corpus.passages import TUTORIAL_PASSAGES
from benchmark.tasks.corpus.sources import BUILT_IN, PACKED, Source, address, content_hash, find, hash_of, packed
from benchmark.tasks.corpus.words import AUTO, TOKENIZERS

__all__ = [
    "AUTO",
    "BUILT_IN",
    "PACKED",
    "TOKENIZERS",
    "TUTORIAL_PASSAGES",
    "Corpus",
    "CorpusInfo",
    "Source",
    "address",
    "content_hash",
    "describe",
    "file_of",
    "find",
    "hash_of",
    "load",
    "packed",
    "probe_sentence",
    "suited_to",
]
