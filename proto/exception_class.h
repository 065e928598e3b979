/* The Java exceptions that HBase's clients know, and what they do on each (facts: hbase-rpc 2b). */
#ifndef STELE_PROTO_EXCEPTION_CLASS_H
#define STELE_PROTO_EXCEPTION_CLASS_H

#include "base/bytes.h"

/* How a client reacts. */
enum exception_kind {
    EXCEPTION_FATAL,        /* the connection is of no use */
    EXCEPTION_DO_NOT_RETRY, /* to the user */
    EXCEPTION_RETRY,        /* pause and try again */
    EXCEPTION_RETRY_NOW,    /* no pause */
    EXCEPTION_OVERLOADED,   /* a longer pause */
    EXCEPTION_REGION_GONE,  /* find the region again; a short pause, then as RETRY */
    EXCEPTION_REGION_MOVED, /* as REGION_GONE; the message names the new place */
    EXCEPTION_REGION_BUSY,  /* pause; the place is right */
    EXCEPTION_SERVER_GONE,  /* or silent: forget every region of that server, then as RETRY */
    EXCEPTION_MASTER_GONE,  /* find the master again, then as RETRY */
    EXCEPTION_SCANNER_LOST, /* open a new scanner after the last row */
    EXCEPTION_THROTTLED,    /* pause for the wait in the message */
};

#define HBASE_PACKAGE                      "org.apache.hadoop.hbase."
#define EXCEPTION_IO                       "java.io.IOException"
#define EXCEPTION_ILLEGAL_ARGUMENT         "java.lang.IllegalArgumentException"
#define EXCEPTION_DO_NOT_RETRY_IO          HBASE_PACKAGE "DoNotRetryIOException"
#define EXCEPTION_NOT_SERVING_REGION       HBASE_PACKAGE "NotServingRegionException"
#define EXCEPTION_REGION_MOVED_CLASS       HBASE_PACKAGE "exceptions.RegionMovedException"
#define EXCEPTION_REGION_OPENING           HBASE_PACKAGE "exceptions.RegionOpeningException"
#define EXCEPTION_REGION_TOO_BUSY          HBASE_PACKAGE "RegionTooBusyException"
#define EXCEPTION_CALL_QUEUE_TOO_BIG       HBASE_PACKAGE "CallQueueTooBigException"
#define EXCEPTION_CALL_DROPPED             HBASE_PACKAGE "CallDroppedException"
#define EXCEPTION_RPC_THROTTLING           HBASE_PACKAGE "quotas.RpcThrottlingException"
#define EXCEPTION_RETRY_IMMEDIATELY        HBASE_PACKAGE "RetryImmediatelyException"
#define EXCEPTION_MULTI_RESULT_TOO_LARGE   HBASE_PACKAGE "MultiActionResultTooLarge"
#define EXCEPTION_SERVER_STOPPED           HBASE_PACKAGE "regionserver.RegionServerStoppedException"
#define EXCEPTION_SERVER_ABORTED           HBASE_PACKAGE "regionserver.RegionServerAbortedException"
#define EXCEPTION_SERVER_NOT_RUNNING_YET   HBASE_PACKAGE "ipc.ServerNotRunningYetException"
#define EXCEPTION_PLEASE_HOLD              HBASE_PACKAGE "PleaseHoldException"
#define EXCEPTION_MASTER_NOT_RUNNING       HBASE_PACKAGE "MasterNotRunningException"
#define EXCEPTION_MASTER_STOPPED           HBASE_PACKAGE "exceptions.MasterStoppedException"
#define EXCEPTION_UNKNOWN_SCANNER          HBASE_PACKAGE "UnknownScannerException"
#define EXCEPTION_OUT_OF_ORDER_SCANNER     HBASE_PACKAGE "exceptions.OutOfOrderScannerNextException"
#define EXCEPTION_SCANNER_RESET            HBASE_PACKAGE "exceptions.ScannerResetException"
#define EXCEPTION_LEASE                    HBASE_PACKAGE "regionserver.LeaseException"
#define EXCEPTION_NO_SUCH_FAMILY           HBASE_PACKAGE "regionserver.NoSuchColumnFamilyException"
#define EXCEPTION_TABLE_NOT_FOUND          HBASE_PACKAGE "TableNotFoundException"
#define EXCEPTION_TABLE_EXISTS             HBASE_PACKAGE "TableExistsException"
#define EXCEPTION_TABLE_NOT_ENABLED        HBASE_PACKAGE "TableNotEnabledException"
#define EXCEPTION_TABLE_NOT_DISABLED       HBASE_PACKAGE "TableNotDisabledException"
#define EXCEPTION_NAMESPACE_NOT_FOUND      HBASE_PACKAGE "NamespaceNotFoundException"
#define EXCEPTION_NAMESPACE_EXISTS         HBASE_PACKAGE "NamespaceExistException"
#define EXCEPTION_INVALID_FAMILY_OPERATION HBASE_PACKAGE "InvalidFamilyOperationException"
#define EXCEPTION_CONSTRAINT               HBASE_PACKAGE "constraint.ConstraintException"
#define EXCEPTION_CONCURRENT_MODIFICATION  HBASE_PACKAGE "ConcurrentTableModificationException"
#define EXCEPTION_FAILED_SANITY_CHECK      HBASE_PACKAGE "exceptions.FailedSanityCheckException"
#define EXCEPTION_WRONG_REGION             HBASE_PACKAGE "regionserver.WrongRegionException"
#define EXCEPTION_REQUEST_TOO_BIG          HBASE_PACKAGE "exceptions.RequestTooBigException"
#define EXCEPTION_UNKNOWN_PROTOCOL         HBASE_PACKAGE "exceptions.UnknownProtocolException"
#define EXCEPTION_UNKNOWN_REGION           HBASE_PACKAGE "UnknownRegionException"
#define EXCEPTION_MERGE_REGION             HBASE_PACKAGE "exceptions.MergeRegionException"
#define EXCEPTION_ROW_TOO_BIG              HBASE_PACKAGE "client.RowTooBigException"
#define EXCEPTION_ACCESS_DENIED            HBASE_PACKAGE "security.AccessDeniedException"
#define EXCEPTION_SNAPSHOT_EXISTS          HBASE_PACKAGE "snapshot.SnapshotExistsException"
#define EXCEPTION_SNAPSHOT_DOES_NOT_EXIST  HBASE_PACKAGE "snapshot.SnapshotDoesNotExistException"
#define EXCEPTION_UNKNOWN_SNAPSHOT         HBASE_PACKAGE "snapshot.UnknownSnapshotException"
#define EXCEPTION_SNAPSHOT_CREATION        HBASE_PACKAGE "snapshot.SnapshotCreationException"
#define EXCEPTION_SNAPSHOT_CORRUPTED       HBASE_PACKAGE "snapshot.CorruptedSnapshotException"
#define EXCEPTION_SNAPSHOT_TTL_EXPIRED     HBASE_PACKAGE "snapshot.SnapshotTTLExpiredException"
#define EXCEPTION_FATAL_CONNECTION         HBASE_PACKAGE "ipc.FatalConnectionException"
#define EXCEPTION_WRONG_VERSION            HBASE_PACKAGE "ipc.WrongVersionException"
#define EXCEPTION_BAD_AUTH                 HBASE_PACKAGE "ipc.BadAuthException"
#define EXCEPTION_UNKNOWN_SERVICE          HBASE_PACKAGE "ipc.UnknownServiceException"
#define EXCEPTION_UNSUPPORTED_CODEC        HBASE_PACKAGE "ipc.UnsupportedCellCodecException"
#define EXCEPTION_UNSUPPORTED_COMPRESSION  HBASE_PACKAGE "ipc.UnsupportedCompressionCodecException"
#define EXCEPTION_SECURITY_NOT_ENABLED     HBASE_PACKAGE "ipc.SecurityNotEnabledException"

#define EXCEPTION_RESTORE_SNAPSHOT HBASE_PACKAGE "snapshot.RestoreSnapshotException"

/* The reaction to a class. An unknown class of HBase's or of Java's I/O is EXCEPTION_RETRY when
 * do_not_retry is false, as is plain IOException; whatever else is unknown is
 * EXCEPTION_DO_NOT_RETRY. */
enum exception_kind exception_classify(struct span class_name, bool is_do_not_retry);

/* True for classes that derive from DoNotRetryIOException: what a server sets in do_not_retry. */
bool exception_is_do_not_retry(struct span class_name);

#endif
