#include "core/seal/words.h"

#include "core/base/assert.h"
#include "core/seal/chain.h"

#define WORDS 8u
#define REPETITIONS 65536u

void words_of(struct bytes data, char ret[WORDS_TEXT_CAPACITY])
{
    struct hash w;
    seal_hash("kabar.words.v1", data, &w);
    for (unsigned i = 0; i < REPETITIONS; i++) {
        struct hash before = w;
        seal_hash("kabar.words.v1", bytes_of(before.b, sizeof before.b), &w);
    }
    struct writer writer;
    writer_init(&writer, (uint8_t *)ret, WORDS_TEXT_CAPACITY);
    for (unsigned i = 0; i < WORDS; i++) {
        if (i > 0) {
            writer_u8(&writer, ' ');
        }
        writer_bytes(&writer, bytes_of_text(words_list(w.b[i])));
    }
    writer_u8(&writer, '\0');
    ASSERT(!writer.overflow);
}

static bool between(char c)
{
    return c == ' ' || c == '-' || (c >= '\t' && c <= '\r');
}

static const char *skip_between(const char *text)
{
    while (between(*text)) {
        text++;
    }
    return text;
}

/* The next character as it counts: lower case, a run between words as one blank, and nothing for
 * a run at the end. Moves *text on. */
static int next_letter(const char **text)
{
    const char *at = *text;
    if (between(*at)) {
        at = skip_between(at);
        *text = at;
        return *at == '\0' ? '\0' : ' ';
    }
    int letter = (unsigned char)*at;
    *text = letter == '\0' ? at : at + 1;
    return letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter;
}

bool words_match(const char *typed, const char *words)
{
    typed = skip_between(typed);
    words = skip_between(words);
    if (*words == '\0') {
        return false; /* nothing to compare is not agreement */
    }
    int letter = '\0';
    do {
        letter = next_letter(&typed);
        if (letter != next_letter(&words)) {
            return false;
        }
    } while (letter != '\0');
    return true;
}
