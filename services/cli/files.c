/* files.c - paths, small JSON files, and hex inside JSON. */
#include "cli/cli.h"

#include "platform/host/host.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define JSON_FILE_BYTES_MAX 65536u
#define READ_BYTES 65536u

void program_folder(const char *program, char *ret, size_t capacity)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", ret, capacity - 1);
    ret[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(ret, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    if (path_join(ret, program, path, sizeof path, NULL) != 0 || access(path, X_OK) != 0) {
        ret[0] = '\0';
    }
}

int path_join(const char *folder, const char *name, char *ret, size_t capacity, struct err_ctx *err)
{
    int len = name[0] == '/' ? snprintf(ret, capacity, "%s", name)
                             : snprintf(ret, capacity, "%s/%s", folder, name);
    return len >= 0 && (size_t)len < capacity
               ? 0
               : err_set(err, ERR_LIMIT, "path too long: %.64s/%.64s", folder, name);
}

static int is_node(const struct dirent *entry)
{
    return strncmp(entry->d_name, "node-", 5) == 0;
}

int each_node(const char *folder, int (*found)(void *arg, const char *name, struct err_ctx *err),
              void *arg, struct err_ctx *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_node, alphasort);
    int rc = 0;
    for (int i = 0; i < count; i++) {
        rc = rc == 0 ? found(arg, entries[i]->d_name, err) : rc;
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int json_file_write(const char *path, const json_t *object, struct err_ctx *err)
{
    char *text = object == NULL ? NULL : json_dumps(object, JSON_INDENT(2));
    size_t len = text == NULL ? 0 : strlen(text);
    if (text == NULL) {
        return err_set(err, ERR_NOMEM, "%s", path);
    }
    text[len] = '\n'; /* in place of the NUL */
    int rc = file_create(path, 0644, bytes_of(text, len + 1), err);
    free(text);
    return rc;
}

int json_file_read(const char *path, json_t **ret, struct err_ctx *err)
{
    uint8_t *text = NULL;
    size_t len = 0;
    int rc = file_read(path, JSON_FILE_BYTES_MAX, &text, &len, err);
    if (rc != 0) {
        return rc;
    }
    json_t *object = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    if (!json_is_object(object)) {
        json_decref(object);
        return err_set(err, ERR_FORMAT, "%s: not a JSON file made by kabar init", path);
    }
    *ret = object;
    return 0;
}

int json_key(const json_t *object, const char *path, const char *name, struct key *ret,
             struct err_ctx *err)
{
    const char *text = args_text(object, name);
    if (text == NULL || !hex_decode(ret->b, sizeof ret->b, bytes_of_text(text))) {
        return err_set(err, ERR_FORMAT, "%s: \"%s\" is not a public key (64 hex digits)", path,
                       name);
    }
    return 0;
}

static int hash_stream(FILE *file, const char *path, uint8_t ret[crypto_hash_sha256_BYTES],
                       struct err_ctx *err)
{
    crypto_hash_sha256_state state;
    uint8_t *buffer = malloc(READ_BYTES);
    size_t got = 0;
    if (buffer == NULL || crypto_hash_sha256_init(&state) != 0) {
        free(buffer);
        return err_set(err, ERR_NOMEM, "%s", path);
    }
    while ((got = fread(buffer, 1, READ_BYTES, file)) > 0) {
        (void)crypto_hash_sha256_update(&state, buffer, got);
    }
    (void)crypto_hash_sha256_final(&state, ret);
    free(buffer);
    return ferror(file) == 0 ? 0 : err_set(err, ERR_IO, "%s: cannot be read", path);
}

int sha256_file(const char *path, char ret_hex[HEX_CAPACITY(32)], struct err_ctx *err)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return err_set(err, errno == EACCES ? ERR_PERMISSION : ERR_NOT_FOUND, "%s: %s", path,
                       strerrordesc_np(errno));
    }
    int rc = hash_stream(file, path, hash, err);
    (void)fclose(file);
    if (rc == 0) {
        (void)hex_encode(ret_hex, hash, sizeof hash);
    }
    return rc;
}

json_t *json_hex(struct bytes bytes)
{
    char *hex = malloc(HEX_CAPACITY(bytes.len));
    json_t *value = hex == NULL ? NULL : json_string(hex_encode(hex, bytes.data, bytes.len));
    free(hex);
    return value;
}

int json_unhex(const json_t *object, const char *name, uint8_t **ret, size_t *ret_len,
               struct err_ctx *err)
{
    const json_t *value = json_object_get(object, name);
    size_t len = json_string_length(value) / 2;
    uint8_t *bytes = len == 0 ? NULL : malloc(len);
    if (bytes == NULL ||
        !hex_decode(bytes, len, bytes_of(json_string_value(value), json_string_length(value)))) {
        free(bytes);
        return err_set(err, ERR_FORMAT, "the daemon's answer has no hex \"%s\"", name);
    }
    *ret = bytes;
    *ret_len = len;
    return 0;
}

json_t *json_bytes(struct bytes text)
{
    json_t *value = json_stringn((const char *)text.data, text.len);
    return value != NULL ? value : json_string("?");
}
