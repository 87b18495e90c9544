/* sim/shelf.h -- the folder that the server under test hands out, its options, and what is known of
 * its files; for sim/pages.c, which asks for them. */
#ifndef SIM_SHELF_H
#define SIM_SHELF_H

#include "app/files.h"
#include "sim/vdisk.h"

enum { SHELF_FILES = 40, SHELF_TAGS = 256 };

/* An ETag that was heard, and of which bytes. */
struct tag {
    char text[64];
    uint64_t content, size;
};

struct shelf {
    struct vdisk *disk;
    struct files_options opt;
    struct ventry *files[SHELF_FILES]; /* those that can be asked for */
    unsigned count;
    struct tag tags[SHELF_TAGS];
    unsigned tags_count;
};

/* Draws a tree and the options. */
void shelf_fill(struct shelf *s, struct vdisk *disk);

/* The target of an entry, percent-encoded, with a leading slash. */
void shelf_target(const struct ventry *e, char *to, size_t n);

/* The compressed sibling of an entry; NULL = there is none. suffix: ".gz". */
struct ventry *shelf_sibling(const struct shelf *s, const struct ventry *e, const char *suffix);

/* Whether this tag was heard before for other bytes. */
bool shelf_tag_lies(struct shelf *s, struct stoa_str tag, uint64_t content, uint64_t size);

#endif
