## The cluster in all forms of status that say the same each time, and a group's help.
stele> status 'replication'
version 2.6.4
1 live servers
    127.0.0.1:
       SOURCE:
       SINK:
Took N seconds
stele> status 'replication', 'sink'
version 2.6.4
1 live servers
    127.0.0.1:
       SINK:
Took N seconds
stele> status 'replication', 'nothing'

ERROR: type should be 'source' or 'sink', not 'nothing'

For usage try 'help "status"'

Took N seconds
stele> status 'other'
1 active master, 0 backup masters, 1 servers, 0 dead, 1.0000 average load
Took N seconds
stele> version
stele V, rR, DATE
Took N seconds
stele> help 'procedures'
Commands of the group procedures:

  Lists the master's procedures: list_procedures
  Lists the locks of the master's procedures: list_locks
stele> help 'snapshots'
Commands of the group snapshots:

  Takes a snapshot of a table: snapshot 't', 's'[, {SKIP_FLUSH => true, TTL => 86400, MAX_FILESIZE => 1073741824}]
  Lists snapshots: list_snapshots, list_snapshots 'regex'
  Lists snapshots of tables: list_table_snapshots 'table regex'[, 'snapshot regex']
  Makes a new table of a snapshot: clone_snapshot 's', 't2'
  Makes a table, which must be disabled, what it was: restore_snapshot 's'
  Removes a snapshot: delete_snapshot 's'
  Removes the snapshots whose names match: delete_all_snapshot 'regex'
  Removes snapshots of tables: delete_table_snapshots 'table regex'[, 'snapshot regex']
stele> help 'merge_region'
Makes one region of neighbours: merge_region 'encoded name', 'encoded name'[, ...].
  Also merge_region ['encoded name', ...]. Only neighbours are merged, also with HBase's third argument, true
