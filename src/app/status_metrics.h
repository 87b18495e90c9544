/* app/status_metrics.h -- a struct status as OpenMetrics text (version 1.0.0), which Prometheus and
 * others read. docs/metrics.md says what each metric means. */
#ifndef APP_STATUS_METRICS_H
#define APP_STATUS_METRICS_H

#include "app/status.h"
#include "base/buf.h"

#define STATUS_METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

void status_metrics(struct buf *b, const struct status *s);

#endif
