"""Files in old code pages, made of names and places of 20 languages."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WORDS = Path(__file__).parent / "code_page_words.tsv"  # language, code pages, header, words


@dataclass(frozen=True)
class EncodedFile:
    """A CSV file in a code page, and the text that it says."""

    language: str
    encoding: str
    text: str
    data: bytes


def encoded_files(count: int, seed: int = 1) -> Iterator[EncodedFile]:
    """Yield `count` files of 3 to 400 lines for each code page of each language."""
    chooser = random.Random(seed)
    for line in WORDS.read_text().splitlines():
        language, encodings, header, listed = line.split("\t")
        words = listed.split(",")
        for encoding in encodings.split(","):
            for _ in range(count):
                lines = round(3 * (400 / 3) ** chooser.random())
                rows = [
                    f"{chooser.choice(words)};{chooser.choice(words)};{chooser.randint(1, 9_999)},5"
                    for _ in range(lines)
                ]
                text = "\n".join([header, *rows, ""])
                yield EncodedFile(language, encoding, text, text.encode(encoding))
