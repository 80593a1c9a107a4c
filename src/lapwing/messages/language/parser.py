"""Reads a source into a template. Blocks are closed in the order in which they were opened."""

from collections.abc import Iterator

from lapwing.messages.language.errors import TemplateError, shown
from lapwing.messages.language.expressions import Words, output
from lapwing.messages.language.lexer import Piece, Sort, pieces
from lapwing.messages.language.limits import MAX_NESTING
from lapwing.messages.language.nodes import For, If, Node, Template, Text


def parse(source: str) -> Template:
    """Raises TemplateError `template_syntax` or `template_too_large`."""
    return Template(source, _Parser(source).whole())


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._pieces: Iterator[Piece] = pieces(source)

    def whole(self) -> tuple[Node, ...]:
        nodes, _ = self._until((), "", 0, 0)
        return nodes

    def _until(
        self, closing: tuple[str, ...], opened: str, at: int, depth: int
    ) -> tuple[tuple[Node, ...], str]:
        """Nodes up to one of the closing words, and that word; no closing words: up to the end."""
        nodes: list[Node] = []
        for piece in self._pieces:
            if piece.sort is Sort.TEXT:
                nodes.append(Text(piece.content, piece.at))
                continue
            words = Words(piece.content, source=self._source, at=piece.at)
            if piece.sort is Sort.OUTPUT:
                nodes.append(output(words))
                continue
            verb = self._verb(piece)
            if verb in closing:
                words.keyword(verb)
                words.end()
                return tuple(nodes), verb
            nodes.append(self._block(verb, words, piece.at, depth + 1))
        if closing:
            expected = " or ".join(f"{{% {word} %}}" for word in closing)
            raise self._error(at, f"expected {expected} that closes this {opened}, found the end")
        return tuple(nodes), ""

    def _block(self, verb: str, words: Words, at: int, depth: int) -> Node:
        if verb not in ("if", "for"):
            raise self._error(at, f"expected if or for, or the end of what was opened, found {shown(verb)}")
        if depth > MAX_NESTING:
            raise self._error(
                at, f"expected at most {MAX_NESTING} ifs and fors inside each other, found more"
            )
        words.keyword(verb)
        return self._if(words, at, depth) if verb == "if" else self._for(words, at, depth)

    def _if(self, words: Words, at: int, depth: int) -> If:
        condition = words.path()
        words.end()
        then, verb = self._until(("else", "endif"), "if", at, depth)
        otherwise: tuple[Node, ...] = ()
        if verb == "else":
            otherwise, _ = self._until(("endif",), "else", at, depth)
        return If(condition, then, otherwise, at)

    def _for(self, words: Words, at: int, depth: int) -> For:
        name = words.plain_name("a name for each item")
        words.keyword("in")
        path = words.path("the name of a list")
        words.end()
        body, _ = self._until(("endfor",), "for", at, depth)
        return For(name, path, body, at)

    @staticmethod
    def _verb(piece: Piece) -> str:
        return next(iter(piece.content.split(None, 1)), "")

    def _error(self, at: int, problem: str) -> TemplateError:
        return TemplateError("template_syntax", problem, source=self._source, at=at)
