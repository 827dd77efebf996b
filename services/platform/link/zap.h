/* zap.h - the ZAP handler (RFC 27): which CURVE keys may connect.
 *
 * One per context, on the loop's thread, open before the server socket is bound and closed after
 * it. Answers every request: 200 with the key's hex as User-Id, 400 for a key, domain or mechanism
 * we do not allow, 500 for a request we cannot read. Never 300, never silence: an unanswered
 * request keeps the peer's handshake hanging.
 */
#ifndef PLATFORM_LINK_ZAP_H
#define PLATFORM_LINK_ZAP_H

#include "platform/link/context.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"

struct zap;

struct zap_config {
    struct link_context *context;
    struct loop *loop;
    bool (*allow)(void *arg, const uint8_t key[CURVE_KEY_BYTES]);
    void (*on_denied)(void *arg, const uint8_t key[CURVE_KEY_BYTES]); /* may be NULL */
    void *arg;
    struct link_server_counts *counts; /* zap_allowed and zap_denied are kept here */
};

/* ERR_BUSY when this context has one. */
int zap_open(const struct zap_config *config, struct zap **ret, struct err_ctx *err) MUST_USE;
void zap_close(struct zap *zap); /* NULL is fine; not from its own callbacks */

#endif
