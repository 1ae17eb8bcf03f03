#!/usr/bin/env python3
"""Records what scikit-learn makes of some texts: scikit_learn.inc, which vectorizer_test.cc reads. Needs scikit-learn 1;
the tests need no Python.

    python3 tests/text/scikit_learn.py

The texts are TEXT("..."). A setting is BAG(name, words or characters, minimum_n, maximum_n, minimum_documents,
maximum_share, maximum_size, weight, idf, unit_length, stop words), then COLUMN(term, documents) for each column and
ROW(numbers) for each text. The first TRAIN texts are what it is fitted to. Tokens are Glia's words in lowercase
without punctuation, which a pattern says for these texts: they have no apostrophe, underscore or accent.
"""

import pathlib

import numpy
import sklearn
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

assert sklearn.__version__.startswith("1."), sklearn.__version__

TRAIN = 7
TEXTS = [
    "The cat sat on the mat. The cat slept.",
    "A dog barked at the cat!",
    "Dogs and cats, cats and dogs",
    "",
    "the the the the",
    "Rain in Spain stays mainly in the plain.",
    "A cat in the rain: a wet cat",
    "The wet dog sat in the rain, and the rain sat on the dog",  # not seen before
    "Unseen tokens only",
]
STOP_WORDS = ["the", "a", "and"]

SETTINGS = {
    "counts": dict(),
    "tf_idf": dict(idf=True, norm="l2"),
    "idf_alone": dict(idf=True),
    "unit_counts": dict(idf=False, norm="l2"),
    "presence": dict(binary=True),
    "log_counts": dict(sublinear=True, idf=True, norm="l2"),
    "bigrams": dict(ngrams=(1, 2), idf=True, norm="l2", min_df=2),
    "common_left_out": dict(min_df=2, max_df=0.5),
    "trigrams": dict(ngrams=(3, 3)),
    "stop_words": dict(ngrams=(1, 2), stop_words=STOP_WORDS, idf=True, norm="l2"),
    "four": dict(max_features=4),
    "characters": dict(analyzer="char", ngrams=(2, 3), min_df=3, idf=True, norm="l2"),
}


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def vectorizer(s):
    common = dict(
        analyzer=s.get("analyzer", "word"), token_pattern=r"(?u)\b\w+\b", ngram_range=s.get("ngrams", (1, 1)),
        min_df=s.get("min_df", 1), max_df=s.get("max_df", 1.0), max_features=s.get("max_features"),
        stop_words=s.get("stop_words"), binary=s.get("binary", False), dtype=numpy.float64)
    if "idf" not in s and "norm" not in s:
        return CountVectorizer(**common)
    return TfidfVectorizer(**common, use_idf=s["idf"], norm=s.get("norm"), sublinear_tf=s.get("sublinear", False))


def weight(s):
    return "GLIA_TERM_" + ("PRESENCE" if s.get("binary") else "LOG_COUNT" if s.get("sublinear") else "COUNT")


def record(name, s, out):
    v = vectorizer(s)
    v.fit(TEXTS[:TRAIN])
    terms = v.get_feature_names_out()
    counts = CountVectorizer(analyzer=v.analyzer, token_pattern=v.token_pattern, ngram_range=v.ngram_range,
                             stop_words=v.stop_words, vocabulary=v.vocabulary_).transform(TEXTS[:TRAIN])
    documents = numpy.asarray((counts > 0).sum(axis=0)).ravel()
    low, high = s.get("ngrams", (1, 1))
    unit = "GLIA_CHARACTERS" if s.get("analyzer") == "char" else "GLIA_WORDS"
    stop = ", ".join(quoted(w) for w in s.get("stop_words", []))
    flags = "true" if s.get("idf") else "false", "true" if s.get("norm") else "false"
    out.append(f"BAG({name}, {unit}, {low}, {high}, {s.get('min_df', 1)}, {s.get('max_df', 1.0)}, "
               f"{s.get('max_features', 0)}, {weight(s)}, {flags[0]}, {flags[1]}, {{{stop}}})")
    out.extend(f"COLUMN({quoted(t)}, {d})" for t, d in zip(terms, documents))
    for row in v.transform(TEXTS).toarray():
        out.append("ROW(" + ", ".join(f"{x:.9g}" for x in row) + ")")


def main():
    out = [f"// Made by tests/text/scikit_learn.py with scikit-learn {sklearn.__version__}; the numbers are its."]
    out.extend(f"TEXT({quoted(t)})" for t in TEXTS)
    for name, s in SETTINGS.items():
        record(name, s, out)
    pathlib.Path(__file__).with_suffix(".inc").write_text("\n".join(out) + "\n")


main()
