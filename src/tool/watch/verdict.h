/* tool/watch/verdict.h -- what a picture says, in words: what is wrong, and one step that leads on. Pure:
 * numbers in, sentences out. Where the catalogue of causes (base/cause.h) knows it, the words and the
 * step are the catalogue's. */
#ifndef TOOL_WATCH_VERDICT_H
#define TOOL_WATCH_VERDICT_H

#include "probe/drops.h"
#include "tool/watch/picture.h"

/* The cause of what the queues of l say; NULL = they are fine. counted: as drops_look has it. */
const char *watch_queue_cause(const struct watch_listener *l,
                              const int64_t counted[DROPS_COUNTERS]);

/* Fills in the picture's verdicts from all else that is in it, the worst first; where nothing is wrong,
 * one that says so. */
void watch_judge(struct watch_picture *p);

#endif
