## Snapshots: a table as it was, cloned and restored.
stele> create 'snapped', 'f'
Created table snapped
Took N seconds
=> Hbase::Table - snapped
stele> put 'snapped', 'r1', 'f:q', 'first'
Took N seconds
stele> snapshot 'snapped', 's1'
Took N seconds
stele> snapshot 'snapped', 's1'

ERROR: org.apache.hadoop.hbase.snapshot.SnapshotExistsException: Snapshot 's1' already stored on the filesystem.

For usage try 'help "snapshot"'

Took N seconds
stele> put 'snapped', 'r2', 'f:q', 'second'
Took N seconds
stele> t = get_table 'snapped'
Took N seconds
=> Hbase::Table - snapped
stele> t.snapshot 's2', {TTL => 86400}
Took N seconds
stele> list_snapshots
SNAPSHOT  TABLE + CREATION TIME + TTL(Sec)
 s1 snapped (T) FOREVER
 s2 snapped (T) 86400
2 row(s)
Took N seconds
=> ["s1", "s2"]
stele> list_snapshots 's2'
SNAPSHOT  TABLE + CREATION TIME + TTL(Sec)
 s2 snapped (T) 86400
1 row(s)
Took N seconds
=> ["s2"]
stele> list_table_snapshots 'snap.*', 's1'
SNAPSHOT  TABLE + CREATION TIME
 s1 snapped (T)
1 row(s)
Took N seconds
=> ["s1"]
stele> clone_snapshot 's1', 'cloned'
Took N seconds
stele> scan 'cloned', {COLUMNS => 'f', MAXLENGTH => 3}
ROW  COLUMN+CELL
 r1 column=f:q, tim
1 row(s)
Took N seconds
stele> clone_snapshot 's1', 'cloned'

ERROR: Table already exists: cloned!

For usage try 'help "clone_snapshot"'

Took N seconds
stele> clone_snapshot 's1', 'nowhere:other'

ERROR: Unknown namespace: nowhere!

For usage try 'help "clone_snapshot"'

Took N seconds
stele> clone_snapshot 'none', 'other'

ERROR: Unknown snapshot none!

For usage try 'help "clone_snapshot"'

Took N seconds
stele> restore_snapshot 's1'

ERROR: Table snapped should be disabled!

For usage try 'help "restore_snapshot"'

Took N seconds
stele> disable 'snapped'
Took N seconds
stele> restore_snapshot 's1'
Took N seconds
stele> enable 'snapped'
Took N seconds
stele> count 'snapped'
1 row(s)
Took N seconds
=> 1
stele> restore_snapshot 'none'

ERROR: Unknown snapshot none!

For usage try 'help "restore_snapshot"'

Took N seconds
stele> delete_snapshot 's1'
Took N seconds
stele> delete_snapshot 's1'

ERROR: Unknown snapshot s1!

For usage try 'help "delete_snapshot"'

Took N seconds
stele> count 'cloned'
1 row(s)
Took N seconds
=> 1
stele> snapshot_cleanup_enabled
true
Took N seconds
=> true
stele> snapshot_cleanup_switch false
Previous snapshot cleanup state : true
Took N seconds
=> "true"
stele> snapshot_cleanup_switch true
Previous snapshot cleanup state : false
Took N seconds
=> "false"
stele> delete_table_snapshots 'nothing'
SNAPSHOT  TABLE + CREATION TIME
No snapshots matched the table name regular expression nothing and the snapshot name regular expression .*
Took N seconds
stele> delete_all_snapshot 'nothing.*'
SNAPSHOT  TABLE + CREATION TIME
No snapshots matched the regex nothing.*
Took N seconds
stele> delete_snapshot 's2'
Took N seconds
stele> list_snapshots
SNAPSHOT  TABLE + CREATION TIME + TTL(Sec)
0 row(s)
Took N seconds
=> []
stele> disable 'snapped'
Took N seconds
stele> drop 'snapped'
Took N seconds
stele> disable 'cloned'
Took N seconds
stele> drop 'cloned'
Took N seconds
