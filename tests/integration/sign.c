/* sign KEYFILE PASSPHRASEFILE HEX - an officer's signature over a document's bytes, in hex.
 *
 * For what `kabar` refuses to do: signing what was not drafted, or signing and then changing it.
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

int main(int argc, char **argv)
{
    static uint8_t document[DOCUMENT_BYTES_MAX];
    uint8_t sealed[VAULT_TEXT_CAPACITY];
    uint8_t words[256];
    uint8_t seed[32];
    uint8_t secret[SECRET_BYTES];
    char hex[HEX_CAPACITY(SIGNATURE_BYTES)];
    struct key key;
    struct hash digest;
    struct signature signature;
    struct err_ctx err = {{0}};
    size_t len = argc == 4 ? strlen(argv[3]) / 2 : 0;
    if (len == 0 || len > sizeof document || !hex_decode(document, len, bytes_of_text(argv[3]))) {
        (void)fprintf(stderr, "usage: sign KEYFILE PASSPHRASEFILE HEX\n");
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
    seal_hash("kabar.doc.v1", bytes_of(document, len), &digest);
    seal_sign(secret, "kabar.doc.v1", bytes_of(digest.b, sizeof digest.b), &signature);
    (void)puts(hex_encode(hex, signature.b, sizeof signature.b));
    return 0;
}
