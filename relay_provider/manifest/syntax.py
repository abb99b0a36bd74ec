"""What a YAML syntax error means and what to do about it.

The two parsers of PyYAML word their errors differently, and the Python one quotes the file in them, where a key may
stand. So the usual ones get a sentence of our own, the same for both, and the rest are stripped of quotations.
"""

from __future__ import annotations

import re
from typing import Final

import yaml

from relay_provider.manifest.problems import At, Broken, position

_SENTENCES: Final = (
    ("mapping values are not allowed", '": " cannot stand here; put the text in quotes, or check the indentation'),
    ("could not find expected ':'", 'the line above is not "key: value"; a colon is missing, or quotes'),
    ("unknown escape", "\\ begins an unknown escape; write \\\\ for a backslash, or use 'single quotes'"),
    ("invalid Unicode", "this escape is no character; write the character itself, or \\U and its eight digits"),
    ("tag", "tags (!) are not allowed, except !!str before text; text that begins with ! needs quotes"),
    ("anchor|alias", "this is no name for an anchor or alias; text that begins with & or * needs quotes"),
    ("expected '-'", "this does not fit the list above it; check the indentation"),
    ("expected key|<block end>", "this does not fit what is above it; check the indentation and the quotes"),
    (r"expected ',' or '\]'", "the [list] that begins at {begin} needs a comma or its end before this"),
    (r"expected ',' or '\}'", "the {{mapping}} that begins at {begin} needs a comma or its end before this"),
    ("node content", "a value is missing here"),
    ("block scalar", "text after | or > begins on the next line; text that begins with | or > needs quotes"),
    ("document start", "this is outside of the manifest, which ends above it; check the indentation"),
)
_UNENDED: Final = (
    ("quoted scalar", "this quoted text has no end"),
    ("flow sequence", "this [list] has no end"),
    ("flow mapping", "this {mapping} has no end"),
)
_QUOTATION: Final = re.compile(r",? but .*| ?'[^']*'| ?\"[^\"]*\"", re.DOTALL)


def explain(error: yaml.YAMLError, text: str) -> Broken:
    """A parser's error as a place and a sentence."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Broken((1, 1), "this is not YAML")
    problem, context = error.problem or "", error.context or ""
    end, index = len(text), error.problem_mark.index
    at = _at(error.problem_mark) if index < end else position(text, end)  # libyaml may say one line too many
    begin = _at(error.context_mark) if error.context_mark else at
    if index >= end:
        for what, sentence in _UNENDED:
            if what in context:
                return Broken(begin, sentence)
    if "cannot start any token" in problem:
        character = text[index : index + 1]
        tab = "this is a tab; YAML is indented with spaces"
        return Broken(at, tab if character == "\t" else f"text cannot begin with {character} here; put it in quotes")
    for pattern, sentence in _SENTENCES:
        if re.search(pattern, f"{context}: {problem}"):
            return Broken(at, sentence.format(begin="{}:{}".format(*begin)))
    return Broken(at, f"this is not YAML: {_QUOTATION.sub('', problem)}")


def _at(mark: yaml.Mark) -> At:
    return mark.line + 1, mark.column + 1
