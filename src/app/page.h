/* app/page.h -- a folder's listing as a page of HTML: needs no script, nothing from elsewhere, light
 * or dark as the reader's system is. Knows HTML; does not know where the listing is from. */
#ifndef APP_PAGE_H
#define APP_PAGE_H

#include "app/listing.h"
#include "base/buf.h"
#include "http/exchange.h"

/* The three parts of the page. path: the folder's, decoded, with "/" at both ends. */
void page_head(struct buf *b, struct stoa_str path);
void page_row(struct buf *b, const struct listing_entry *e);
void page_tail(struct buf *b, const struct listing *l);

/* Answers with the page, a piece at a time.                                        [waits]
 *   returns  0; -ENOMEM; else as stoa_http_write. */
int page_send(stoa_http *x, struct stoa_str path, const struct listing *l);

#endif
