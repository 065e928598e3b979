/* Letter by letter by Unicode's table, but for the two that are not one for one everywhere (SpecialCasing.txt): the
 * dotted capital I, and capital sigma, which is another at the end of a word. What a word is, Java's BreakIterator says. */
#include "model/lower_case.h"

#include "letters.h"

enum { DOTTED_I = 0x130, SIGMA = 0x3a3, SMALL_SIGMA = 0x3c3, FINAL_SIGMA = 0x3c2 };

static uint32_t take_character(struct span text, size_t at, size_t *out_size)
{
    const uint8_t *bytes = text.data + at;
    *out_size = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    uint32_t character = *out_size == 1 ? bytes[0] : bytes[0] & (0xffu >> (*out_size + 1));
    for (size_t i = 1; i < *out_size; i++)
        character = character << 6 | (bytes[i] & 0x3f);
    return character;
}

static void put_character(struct buffer *out, uint32_t character)
{
    if (character < 0x80) {
        buffer_put_u8(out, (uint8_t)character);
        return;
    }
    unsigned more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    buffer_put_u8(out, (uint8_t)(0xff00u >> (more + 1) | character >> 6 * more));
    while (more-- > 0)
        buffer_put_u8(out, (uint8_t)(0x80 | (character >> 6 * more & 0x3f)));
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static uint32_t lower(uint32_t character)
{
    size_t from = 0, to = COUNT(lower_letters);
    while (from < to) {
        size_t middle = (from + to) / 2;
        if (lower_letters[middle].from == character)
            return lower_letters[middle].to;
        if (lower_letters[middle].from < character)
            from = middle + 1;
        else
            to = middle;
    }
    return character;
}

#define IS_IN(table, character)                                                                    \
    do {                                                                                           \
        size_t from = 0, to = COUNT(table);                                                        \
        while (from < to) {                                                                        \
            size_t middle = (from + to) / 2;                                                       \
            if ((table)[middle].last < (character))                                                \
                from = middle + 1;                                                                 \
            else                                                                                   \
                to = middle;                                                                       \
        }                                                                                          \
        return from < COUNT(table) && (table)[from].first <= (character);                          \
    } while (0)

static bool is_cased(uint32_t character)
{
    IS_IN(cased_letters, character);
}

static bool is_of_word(uint32_t character)
{
    IS_IN(word_characters, character);
}

/* One of these between two characters of a word does not part it. */
static bool is_inside_word(uint32_t character)
{
    return character == '\'' || character == '"' || character == '.' || character == '-' ||
           (character >= 0x2010 && character <= 0x2015) || character == 0x2027;
}

/* The character before `at`, or behind it; false at the end of the text. */
static bool step(struct span text, bool is_forward, size_t *at, uint32_t *out_character)
{
    size_t size;
    if (is_forward) {
        if (*at == text.size)
            return false;
        *out_character = take_character(text, *at, &size);
        *at += size;
        return true;
    }
    if (*at == 0)
        return false;
    do
        --*at;
    while ((text.data[*at] & 0xc0) == 0x80);
    *out_character = take_character(text, *at, &size);
    return true;
}

/* Whether the word goes on to a letter with a case. */
static bool meets_cased(struct span text, bool is_forward, size_t at)
{
    uint32_t character;
    while (step(text, is_forward, &at, &character)) {
        if (is_inside_word(character) && !step(text, is_forward, &at, &character))
            return false;
        if (!is_of_word(character))
            return false;
        if (is_cased(character))
            return true;
    }
    return false;
}

void lower_case_put(struct buffer *out, struct span text)
{
    size_t size;
    for (size_t at = 0; at < text.size; at += size) {
        uint32_t character = take_character(text, at, &size);
        if (character == DOTTED_I)
            buffer_put(out, SPAN_LITERAL("i\xcc\x87"));
        else if (character == SIGMA)
            put_character(out, meets_cased(text, false, at) && !meets_cased(text, true, at + size)
                                   ? FINAL_SIGMA
                                   : SMALL_SIGMA);
        else
            put_character(out, lower(character));
    }
}
