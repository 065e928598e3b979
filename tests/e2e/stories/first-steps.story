## The first five minutes: create, put, get, scan, disable, drop.
stele> create 'visits', 'info', {NAME => 'hits', VERSIONS => 3}
Created table visits
Took N seconds
=> Hbase::Table - visits
stele> list
TABLE
visits
1 row(s)
Took N seconds
=> ["visits"]
stele> put 'visits', 'alice', 'info:city', 'Oslo'
Took N seconds
stele> put 'visits', 'alice', 'info:born', '1998'
Took N seconds
stele> put 'visits', 'bob', 'info:city', 'Bergen'
Took N seconds
stele> get 'visits', 'alice'
COLUMN  CELL
 info:born timestamp=T, value=1998
 info:city timestamp=T, value=Oslo
1 row(s)
Took N seconds
stele> get 'visits', 'alice', 'info:city'
COLUMN  CELL
 info:city timestamp=T, value=Oslo
1 row(s)
Took N seconds
stele> get 'visits', 'nobody'
COLUMN  CELL
0 row(s)
Took N seconds
stele> scan 'visits'
ROW  COLUMN+CELL
 alice column=info:born, timestamp=T, value=1998
 alice column=info:city, timestamp=T, value=Oslo
 bob column=info:city, timestamp=T, value=Bergen
2 row(s)
Took N seconds
stele> count 'visits'
2 row(s)
Took N seconds
=> 2
stele> delete 'visits', 'alice', 'info:born'
Took N seconds
stele> get 'visits', 'alice', {COLUMN => 'info:born'}
COLUMN  CELL
0 row(s)
Took N seconds
stele> deleteall 'visits', 'bob'
Took N seconds
stele> scan 'visits'
ROW  COLUMN+CELL
 alice column=info:city, timestamp=T, value=Oslo
1 row(s)
Took N seconds
stele> describe 'visits'
Table visits is ENABLED
visits, {TABLE_ATTRIBUTES => {METADATA => {'hbase.store.file-tracker.impl' => 'DEFAULT'}}}
COLUMN FAMILIES DESCRIPTION
{NAME => 'hits', INDEX_BLOCK_ENCODING => 'NONE', VERSIONS => '3', KEEP_DELETED_CELLS => 'FALSE', DATA_BLOCK_ENCODING => 'NONE', TTL => 'FOREVER', MIN_VERSIONS => '0', REPLICATION_SCOPE => '0', BLOOMFILTER => 'ROW', IN_MEMORY => 'false', COMPRESSION => 'NONE', BLOCKCACHE => 'true', BLOCKSIZE => '65536 B (64KB)'}

{NAME => 'info', INDEX_BLOCK_ENCODING => 'NONE', VERSIONS => '1', KEEP_DELETED_CELLS => 'FALSE', DATA_BLOCK_ENCODING => 'NONE', TTL => 'FOREVER', MIN_VERSIONS => '0', REPLICATION_SCOPE => '0', BLOOMFILTER => 'ROW', IN_MEMORY => 'false', COMPRESSION => 'NONE', BLOCKCACHE => 'true', BLOCKSIZE => '65536 B (64KB)'}

2 row(s)
Quota is disabled
Took N seconds
stele> is_enabled 'visits'
true
Took N seconds
=> true
stele> disable 'visits'
Took N seconds
stele> is_disabled 'visits'
true
Took N seconds
=> true
stele> exists 'visits'
Table visits does exist
Took N seconds
=> true
stele> drop 'visits'
Took N seconds
stele> exists 'visits'
Table visits does not exist
Took N seconds
=> false
