#!/usr/bin/env python3
"""Makes model/letters.h for lower_case.c of Python's Unicode data: make-letters.py OUTPUT."""
import sys
import unicodedata

DOTTED_I = 0x130  # "i" and a dot above: lower_case.c
CHARACTERS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
SENTENCES_WITHOUT_SPACES = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HIRAGANA", "KATAKANA")


def is_cased(c):
    return chr(c).islower() or chr(c).isupper() or chr(c).istitle()


def is_of_word(c):
    category = unicodedata.category(chr(c))
    return (category[0] in "LM" or category in ("Nd", "Nl", "Pc", "Cf")) and not unicodedata.name(chr(c), "").startswith(SENTENCES_WITHOUT_SPACES)


def ranges(holds):
    found = []
    for c in filter(holds, CHARACTERS):
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def write_pairs(out, comment, name, first, second, pairs):
    out.write(f"/* {comment} */\nstatic const struct {{\n    uint32_t {first}, {second};\n}} {name}[] = {{\n")
    out.writelines(f"    {{0x{a:x}, 0x{b:x}}},\n" for a, b in pairs)
    out.write("};\n")


with open(sys.argv[1], "w") as out:
    out.write(f"/* Made by model/make-letters.py of Unicode {unicodedata.unidata_version}. */\n#include <stdint.h>\n")
    lower = [(c, ord(chr(c).lower())) for c in CHARACTERS if c != DOTTED_I and chr(c).lower() != chr(c)]
    write_pairs(out, "Letters that have another in lower case.", "lower_letters", "from", "to", lower)
    write_pairs(out, "Letters of either case.", "cased_letters", "first", "last", ranges(is_cased))
    write_pairs(out, "What words are made of.", "word_characters", "first", "last", ranges(is_of_word))
