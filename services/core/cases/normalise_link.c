/* One spelling of a link. */
#include "core/cases/normalise.h"

#include <string.h>

#define PARAMETERS_MAX 16u

static char lower(uint8_t byte)
{
    return (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static struct bytes skip(struct bytes text, size_t count)
{
    return count == 0 ? text : bytes_of(text.data + count, text.len - count);
}

static bool begins_with(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text.len < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (lower(text.data[i]) != prefix[i]) {
            return false;
        }
    }
    return true;
}

/* Or NUL. */
static bool is_stop(uint8_t byte, const char *stops)
{
    while (*stops != '\0' && (uint8_t)*stops != byte) {
        stops++;
    }
    return (uint8_t)*stops == byte;
}

static size_t index_of(struct bytes text, const char *stops)
{
    size_t i = 0;
    while (i < text.len && !is_stop(text.data[i], stops)) {
        i++;
    }
    return i;
}

static struct bytes trimmed(struct bytes text)
{
    while (text.len > 0 && text.data[0] <= ' ') {
        text = skip(text, 1);
    }
    while (text.len > 0 && text.data[text.len - 1] <= ' ') {
        text.len--;
    }
    return text;
}

/* ---- host ---- */
static const char *const host_prefixes[] = {"www.", "m.", "mobile.", "web.", "mbasic.", "touch."};
static const struct {
    const char *from, *to;
} host_names[] = {{"twitter.com", "x.com"}, {"fb.com", "facebook.com"}};
static const char *const profile_hosts[] = {"facebook.com", "instagram.com", "x.com",
                                            "tiktok.com",   "youtube.com",   "threads.net"};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static struct bytes bare_host(struct bytes host)
{
    bool again = true;
    while (again) {
        again = false;
        for (size_t i = 0; i < LENGTH(host_prefixes); i++) {
            size_t len = strlen(host_prefixes[i]);
            /* At least "a.b" stays: m.de is a host of its own. */
            if (begins_with(host, host_prefixes[i]) &&
                memchr(host.data + len, '.', host.len - len) != NULL) {
                host = skip(host, len);
                again = true;
            }
        }
    }
    return host;
}

static bool host_is(struct bytes host, const char *name)
{
    return host.len == strlen(name) && begins_with(host, name);
}

static void write_host(struct writer *writer, struct bytes host)
{
    for (size_t i = 0; i < LENGTH(host_names); i++) {
        if (host_is(host, host_names[i].from)) {
            writer_bytes(writer, bytes_of_text(host_names[i].to));
            return;
        }
    }
    for (size_t i = 0; i < host.len; i++) {
        writer_u8(writer, (uint8_t)lower(host.data[i]));
    }
}

/* ---- parameters ---- */
static const char *const tracking[] = {
    "fbclid",        "gclid",     "igsh",    "igshid", "si",    "mibextid", "ref",
    "ref_src",       "ref_url",   "feature", "_rdr",   "_rdc",  "locale",   "rdid",
    "share_id",      "share_url", "paipv",   "eav",    "wtsid", "sfnsn",    "is_from_webapp",
    "sender_device", "_t",        "_r",      "__tn__", "app",
};

/* short_names: X hangs s= and t= on what is shared; elsewhere they may name the thing. */
static bool is_tracking(struct bytes parameter, bool short_names)
{
    struct bytes name = bytes_of(parameter.data, index_of(parameter, "="));
    if (name.len == 0 || begins_with(name, "utm_") || begins_with(name, "__cft__")) {
        return true;
    }
    if (short_names && name.len == 1 && (name.data[0] == 's' || name.data[0] == 't')) {
        return true;
    }
    for (size_t i = 0; i < LENGTH(tracking); i++) {
        if (bytes_equal(name, bytes_of_text(tracking[i]))) {
            return true;
        }
    }
    return false;
}

struct parameters {
    struct bytes list[PARAMETERS_MAX];
    size_t count;
};

/* Sorted: their order says nothing. */
static void parameter_add(struct parameters *all, struct bytes parameter)
{
    if (all->count == PARAMETERS_MAX) {
        return;
    }
    size_t at = all->count++;
    while (at > 0 && bytes_compare(all->list[at - 1], parameter) > 0) {
        all->list[at] = all->list[at - 1];
        at--;
    }
    all->list[at] = parameter;
}

static void parameters_of(struct bytes query, bool short_names, struct parameters *ret)
{
    ret->count = 0;
    while (query.len > 0) {
        size_t end = index_of(query, "&");
        if (!is_tracking(bytes_of(query.data, end), short_names)) {
            parameter_add(ret, bytes_of(query.data, end));
        }
        query = skip(query, end < query.len ? end + 1 : end);
    }
}

/* ---- the whole ---- */
struct link {
    struct bytes host, path;
    struct parameters parameters;
};

static struct bytes without_scheme(struct bytes url)
{
    if (begins_with(url, "https://")) {
        return skip(url, 8);
    }
    return begins_with(url, "http://") ? skip(url, 7) : url;
}

static void link_read(struct bytes url, struct link *ret)
{
    url = without_scheme(trimmed(url));
    url.len = index_of(url, "#");
    size_t host_end = index_of(url, "/?");
    struct bytes host = bytes_of(url.data, host_end);
    host.len = index_of(host, ":");
    struct bytes rest = skip(url, host_end);
    size_t path_end = index_of(rest, "?");
    ret->path = bytes_of(rest.data, path_end);
    while (ret->path.len > 0 && ret->path.data[ret->path.len - 1] == '/') {
        ret->path.len--;
    }
    ret->host = bare_host(host);
    parameters_of(path_end < rest.len ? skip(rest, path_end + 1) : (struct bytes){0},
                  host_is(ret->host, "x.com") || host_is(ret->host, "twitter.com"),
                  &ret->parameters);
}

/* A page of a person or of a paper's start: many acts stand under it. */
static bool names_nothing(const struct link *link)
{
    if (link->host.len == 0 || memchr(link->host.data, '.', link->host.len) == NULL) {
        return true;
    }
    if (link->parameters.count > 0) {
        return false;
    }
    if (link->path.len < 2) {
        return true;
    }
    bool one_segment = memchr(link->path.data + 1, '/', link->path.len - 1) == NULL;
    for (size_t i = 0; one_segment && i < LENGTH(profile_hosts); i++) {
        char host[64];
        struct writer writer;
        writer_init(&writer, (uint8_t *)host, sizeof host);
        write_host(&writer, link->host);
        if (bytes_equal(bytes_of(host, writer.len), bytes_of_text(profile_hosts[i]))) {
            return true;
        }
    }
    return false;
}

/* youtu.be/ID is youtube.com/watch?v=ID. */
static bool write_short_video(struct writer *writer, const struct link *link)
{
    if (!host_is(link->host, "youtu.be") || link->path.len < 2) {
        return false;
    }
    writer_bytes(writer, bytes_of_text("youtube.com/watch?v="));
    writer_bytes(writer, skip(link->path, 1));
    return true;
}

size_t normalise_link(struct bytes url, char ret[NORMAL_LINK_CAPACITY])
{
    struct link link;
    struct writer writer;
    writer_init(&writer, (uint8_t *)ret, NORMAL_LINK_CAPACITY);
    link_read(url, &link);
    if (names_nothing(&link)) {
        return 0;
    }
    if (!write_short_video(&writer, &link)) {
        write_host(&writer, link.host);
        writer_bytes(&writer, link.path);
    }
    for (size_t i = 0; i < link.parameters.count; i++) {
        bool first = memchr(writer.data, '?', writer.len) == NULL;
        writer_u8(&writer, first ? '?' : '&');
        writer_bytes(&writer, link.parameters.list[i]);
    }
    return writer.overflow ? 0 : writer.len;
}
