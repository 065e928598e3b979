/* What a failure is to HBase's clients, who act on the Java class (proto/exception_class.h). */
#ifndef STELE_SERVER_HBASE_EXCEPTION_H
#define STELE_SERVER_HBASE_EXCEPTION_H

#include "base/status.h"
#include "proto/exception_class.h"

/* The one table from the engine's statuses to Java classes. */
const char *exception_of_status(enum status status);

#endif
