/* sign KEYFILE PASSPHRASEFILE [HEX] - an officer's signature over a document's bytes, in hex.
 *
 * For what `kabar` refuses to do: signing what was not drafted, or signing and then changing it;
 * and for many documents: without HEX each line of standard input is one.
 */
#include "core/seal/chain.h"
#include "core/seal/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_BYTES_MAX 16384u

static struct bytes read_text(const char *path, uint8_t *to, size_t capacity)
{
    FILE *file = fopen(path, "re");
    size_t len = file == NULL ? 0 : fread(to, 1, capacity, file);
    if (file != NULL) {
        (void)fclose(file);
    }
    return bytes_of(to, len);
}

static bool sign(const uint8_t secret[SECRET_BYTES], struct bytes hex_text)
{
    static uint8_t document[DOCUMENT_BYTES_MAX];
    char hex[HEX_CAPACITY(SIGNATURE_BYTES)];
    struct hash digest;
    struct signature signature;
    size_t len = hex_text.len / 2;
    if (len == 0 || len > sizeof document || !hex_decode(document, len, hex_text)) {
        return false;
    }
    seal_hash("kabar.doc.v1", bytes_of(document, len), &digest);
    seal_sign(secret, "kabar.doc.v1", bytes_of(digest.b, sizeof digest.b), &signature);
    return puts(hex_encode(hex, signature.b, sizeof signature.b)) >= 0 && fflush(stdout) == 0;
}

static bool sign_lines(const uint8_t secret[SECRET_BYTES])
{
    static char line[2 * DOCUMENT_BYTES_MAX + 2];
    bool good = true;
    while (good && fgets(line, sizeof line, stdin) != NULL) {
        good = sign(secret, bytes_of(line, strcspn(line, "\n")));
    }
    return good;
}

int main(int argc, char **argv)
{
    uint8_t sealed[VAULT_TEXT_CAPACITY];
    uint8_t words[256];
    uint8_t seed[32];
    uint8_t secret[SECRET_BYTES];
    struct key key;
    struct err_ctx err = {{0}};
    if (argc != 3 && argc != 4) {
        (void)fprintf(stderr, "usage: sign KEYFILE PASSPHRASEFILE [HEX]\n");
        return 2;
    }
    struct bytes text = read_text(argv[1], sealed, sizeof sealed);
    struct bytes passphrase = read_text(argv[2], words, sizeof words);
    passphrase.len = strcspn((const char *)words, "\n");
    int rc = vault_open(text, "officer", passphrase, seed, NULL, &err);
    if (rc != 0) {
        (void)fprintf(stderr, "sign: %s\n", err_peek(&err, rc));
        return 1;
    }
    seal_keypair(seed, &key, secret);
    return (argc == 4 ? sign(secret, bytes_of_text(argv[3])) : sign_lines(secret)) ? 0 : 2;
}
