# SPDX-License-Identifier: MIT
"""Smaller scripts and styles that mean the same, for embed.py.

Blanks and comments go, and names that only the script itself knows become short.  One spelling becomes
one other spelling everywhere, which no other name has: so scopes need not be known, only which words are
names of variables.  Keys, properties, strings and whatever the script does not declare stay, except for
the members of `page` that are only ever written as page.member.

What is understood is the style of assets/: semicolons are written, no template strings, no labels, no
getters.  The tests in browsers run what comes out of here.
"""
import itertools
import re

TOKEN = re.compile(r"""
    (?P<blank>\s+|//[^\n]*|/\*.*?\*/)
  | (?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
  | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)n?)
  | (?P<word>[A-Za-z_$][\w$]*)
  | (?P<mark>=>|\.\.\.|\?\.(?!\d)|>>>=|>>>|===|!==|\*\*=|\*\*|&&=|\|\|=|\?\?=|<<=|>>=|<<|>>|\?\?|&&|\|\||\+\+|--
             |[=!<>+\-*/%&|^]=|[{}()\[\];,<>+\-*/%&|^!~?:=.])
""", re.VERBOSE | re.DOTALL)
EXPRESSION = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")

KEYWORDS = set("""break case catch class const continue debugger default delete do else export extends finally for
function if import in instanceof let new of return static super switch this throw try typeof var void while with yield
async await null true false undefined arguments eval""".split())
BEFORE_EXPRESSION = set("return typeof case in of new delete void throw else do".split())
OWNER = "_"     # what the object that files share is called
OPENERS = {"{": "}", "(": ")", "[": "]"}


class Token:
    def __init__(self, kind, text, after_line):
        self.kind, self.text, self.after_line = kind, text, after_line
        self.role = ""      # of a word: "variable", "shorthand" or "property"
        self.brace = ""     # of "{": "block", "object" or "class"
        self.partner = None     # of a bracket: the index of the other one


def tokens_of(text):
    result, at, after_line = [], 0, False
    while at < len(text):
        last = result[-1] if result else None
        divides = last and (last.kind in ("number", "string", "expression") or last.text in (")", "]", "}")
                            or last.kind == "word" and last.text not in BEFORE_EXPRESSION)
        found = None if divides or text[at] != "/" or text[at:at + 2] in ("//", "/*") else EXPRESSION.match(text, at)
        kind = "expression"
        if not found:
            found = TOKEN.match(text, at)
            if not found:
                raise SystemExit(f"minify: cannot read {text[at:at + 40]!r}")
            kind = found.lastgroup
        if kind == "blank":
            after_line = after_line or "\n" in found.group()
        else:
            result.append(Token(kind, found.group(), after_line))
            after_line = False
        at = found.end()
    return result


def brace_kind(tokens, i):
    """What the "{" at I opens."""
    last = tokens[i - 1] if i else None
    if last is None or last.text in (")", "=>", ";", "{", "}", "else", "try", "finally", "do"):
        return "block"
    if last.text == ":" and any(t.text in ("case", "default") for t in tokens[max(0, i - 3):i]):
        return "block"
    before = [t.text for t in tokens[max(0, i - 4):i]]
    if last.kind == "word" and "class" in before:
        return "class"
    return "object"


def understand(tokens):
    """Partners of brackets, kinds of braces, roles of words."""
    stack = []
    for i, token in enumerate(tokens):
        last, following = tokens[i - 1] if i else None, tokens[i + 1] if i + 1 < len(tokens) else None
        if token.kind == "mark" and token.text in OPENERS:
            if token.text == "{":
                token.brace = brace_kind(tokens, i)
            stack.append(i)
        elif token.kind == "mark" and token.text in OPENERS.values():
            start = stack.pop()
            assert OPENERS[tokens[start].text] == token.text, "brackets do not match"
            tokens[start].partner, token.partner = i, start
        elif token.kind == "word" and token.text not in KEYWORDS:
            inside = tokens[stack[-1]].brace if stack else ""
            token.role = "variable"
            if last and last.text in (".", "?."):
                token.role = "property"
            elif inside == "object" and last.text in ("{", ","):
                token.role = "shorthand" if following.text in (",", "}", "=") else "property"
            elif inside == "class" and last.text in ("{", "}", ";", "static", "async") and following.text == "(":
                token.role = "property"
        elif token.kind == "word" and last and last.text in (".", "?."):
            token.role = "property"


def bound_in(tokens, start, end):
    """Names that a pattern or a list of parameters binds; names in defaults as well, which are rare."""
    return {t.text for t in tokens[start:end] if t.role in ("variable", "shorthand")}


def declared(tokens, start, end):
    """What tokens[start:end] declare: at their own level, and within functions and parameters."""
    outer, inner, depth = set(), set(), 0
    for i in range(start, end):
        token = tokens[i]
        if token.kind == "mark" and token.text in OPENERS:
            depth += 1
        elif token.kind == "mark" and token.text in OPENERS.values():
            depth -= 1
        here = inner if depth else outer
        following = tokens[i + 1] if i + 1 < end else None
        if token.role == "property":    # of a class or an object: name(…) {
            close = tokens[i + 1].partner if following and following.text == "(" and tokens[i - 1].text != "." else None
            if close and tokens[close + 1].brace:
                inner |= bound_in(tokens, i + 1, close)
        elif token.text in ("function", "class", "catch") and token.kind == "word":
            k = i + 1
            if tokens[k].role == "variable":
                here.add(tokens[k].text)
                k += 1
            if token.text != "class":
                inner |= bound_in(tokens, k, tokens[k].partner)
        elif token.text in ("const", "let", "var") and token.kind == "word":
            k, expects = i + 1, True
            while k < end and tokens[k].text not in (";", ")", "of", "in"):
                if expects and tokens[k].text in ("{", "["):
                    here |= bound_in(tokens, k, tokens[k].partner)
                elif expects and tokens[k].role == "variable":
                    here.add(tokens[k].text)
                expects = tokens[k].text == ","
                k = (tokens[k].partner if tokens[k].text in OPENERS else k) + 1
        elif token.text == "=>" and tokens[i - 1].text == ")":
            inner |= bound_in(tokens, tokens[i - 1].partner, i)
        elif token.text == "=>":
            inner.add(tokens[i - 1].text)
    return outer, inner


def statements(tokens, start, end):
    """Ranges that hold whole statements; more than one only where a semicolon does not tell."""
    begin = i = start
    while i < end:
        if tokens[i].text in OPENERS and tokens[i].kind == "mark":
            is_body = tokens[i].text == "{" and tokens[begin].text in ("function", "class", "async")
            i = tokens[i].partner
            if is_body:
                yield begin, i + 1
                begin = i + 1
        elif tokens[i].text == ";":
            yield begin, i + 1
            begin = i + 1
        i += 1
    if begin < end:
        yield begin, end


def members(tokens, owner):
    """Properties that are only ever written as OWNER.property."""
    own, others = set(), set()
    for i, token in enumerate(tokens):
        if token.role in ("property", "shorthand"):
            is_own = token.role == "property" and i > 1 and tokens[i - 1].text == "." and \
                tokens[i - 2].text == owner and tokens[i - 2].role == "variable"
            (own if is_own else others).add(token.text)
    return own - others


def short_names(taken):
    first = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$"
    for length in itertools.count(1):
        for letters in itertools.product(first, *[first + "0123456789"] * (length - 1)):
            name = "".join(letters)
            if name not in taken and name not in KEYWORDS and name != OWNER:
                yield name


def counted(tokens, wanted):
    counts = {}
    for token in tokens:
        if wanted(token):
            counts[token.text] = counts.get(token.text, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name)), counts


def is_name(token):
    return token.role in ("variable", "shorthand") and token.kind == "word"


def rename_members(tokens, owner):
    own = members(tokens, owner)
    # Of its own object any name will do that is no other property of anything.
    taken = {t.text for t in tokens if t.role in ("property", "shorthand") and t.text not in own}
    names = dict(zip(counted(tokens, lambda t: t.role == "property" and t.text in own)[0], short_names(taken)))
    for token in tokens:
        if token.role == "property":
            token.text = names.get(token.text, token.text)


def rename_variables(tokens, start, end):
    """Those of tokens[start:end], which nobody else knows.  Names of one statement's own are used again in the next."""
    outer, inner = declared(tokens, start, end)
    region = tokens[start:end]
    taken = {t.text for t in region if is_name(t) and t.text not in outer | inner}
    order, counts = counted(region, lambda t: is_name(t) and t.text in outer)
    often = [name for name in order if counts[name] > 12][:20]
    given = dict(zip(often, short_names(taken)))
    longer = (name for name in short_names(taken | set(given.values())) if len(name) > 1)
    given.update(zip([name for name in order if name not in given], longer))
    taken |= set(given.values())
    for begin, finish in statements(tokens, start, end):
        own = set().union(*declared(tokens, begin, finish)) - outer
        local = dict(given)
        local.update(zip(counted(tokens[begin:finish], lambda t: is_name(t) and t.text in own)[0], short_names(taken)))
        for token in tokens[begin:finish]:
            if is_name(token) and token.text in local:
                short = local[token.text]
                token.text = token.text + ":" + short if token.role == "shorthand" else short


def written(tokens):
    """With as few blanks as keep words apart, and line ends where a semicolon could be missing."""
    out = []
    for i, token in enumerate(tokens):
        if out:
            last = out[-1]
            ends = last[-1] in "{;,([=+-*/%&|^!~?:<>."
            starts = token.text[0] in "}),;:?.]=" or token.text in ("&&", "||")
            if token.after_line and not ends and not starts:
                out.append("\n")
            elif re.match(r"[\w$]", last[-1]) and re.match(r"[\w$]", token.text[0]) or \
                    last[-1] == token.text[0] and last[-1] in "+-/" or \
                    last[-1] == "/" and re.match(r"[\w$]", token.text[0]) and tokens[i - 1].kind == "expression":
                out.append(" ")
        out.append(token.text)
    return "".join(out)


def whole(tokens):
    """Inside of "(name => { … })(name);" if that is all; else everything."""
    if len(tokens) > 8 and [t.text for t in tokens[:1]] == ["("] and tokens[2].text == "=>" and tokens[3].text == "{" and \
            tokens[0].partner == len(tokens) - 5:
        return 4, tokens[3].partner
    return 0, len(tokens)


def script(texts, owner):
    """TEXTS, each of which keeps its names to itself or is the only one, as the inside of one function."""
    files = []
    for text in texts:
        tokens = tokens_of(text)
        # One at the beginning of all is enough.
        for i in reversed([i for i, t in enumerate(tokens) if t.text == "'use strict'" and tokens[i + 1].text == ";"]):
            del tokens[i:i + 2]
        understand(tokens)
        files.append(tokens)
    rename_members([token for tokens in files for token in tokens], owner)
    for tokens in files:
        rename_variables(tokens, *whole(tokens))
        for token in tokens:
            if token.role == "variable" and token.text == owner:
                token.text = OWNER
    return "".join(written(tokens) + "\n" for tokens in files)


def style(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,>]) ?", r"\1", text)
    text = re.sub(r"([{;][-\w]+): ", r"\1:", text)
    return text.replace(";}", "}").replace("}", "}\n").strip() + "\n"
