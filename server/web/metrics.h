/* The parts of /metrics. */
#ifndef STELE_SERVER_WEB_METRICS_H
#define STELE_SERVER_WEB_METRICS_H

#include "server/web/metrics_text.h"
#include "server/web/web_call.h"

#define LABEL(name, text) ((struct metric_label){(name), span_string(text)})

/* metrics_cluster.c: of the cluster, at the leading master; of other masters only that they do not lead. */
void metrics_put_cluster(struct metrics_text *text, struct web_call *call);

#endif
