## Schemas: attributes, alter, split keys, truncate.
stele> create 'shop:items', 'f'

ERROR: Unknown namespace shop!

For usage try 'help "create"'

Took N seconds
stele> create_namespace 'shop', {'owner' => 'ann'}
Took N seconds
stele> create 'shop:items', {NAME => 'f', TTL => '1 DAY 2 HOURS', COMPRESSION => 'gz', BLOCKSIZE => 32768}, {NAME => 'g', MIN_VERSIONS => 1, VERSIONS => '2'}, SPLITS => ['g', 'p'], CONFIGURATION => {'k' => 'v'}
Created table shop:items
Took N seconds
=> Hbase::Table - shop:items
stele> describe 'shop:items'
Table shop:items is ENABLED
shop:items, {TABLE_ATTRIBUTES => {METADATA => {'hbase.store.file-tracker.impl' => 'DEFAULT', 'k' => 'v'}}}
COLUMN FAMILIES DESCRIPTION
{NAME => 'f', INDEX_BLOCK_ENCODING => 'NONE', VERSIONS => '1', KEEP_DELETED_CELLS => 'FALSE', DATA_BLOCK_ENCODING => 'NONE', TTL => '93600 SECONDS (1 DAY 2 HOURS)', MIN_VERSIONS => '0', REPLICATION_SCOPE => '0', BLOOMFILTER => 'ROW', IN_MEMORY => 'false', COMPRESSION => 'GZ', BLOCKCACHE => 'true', BLOCKSIZE => '32768 B (32KB)'}

{NAME => 'g', INDEX_BLOCK_ENCODING => 'NONE', VERSIONS => '2', KEEP_DELETED_CELLS => 'FALSE', DATA_BLOCK_ENCODING => 'NONE', TTL => 'FOREVER', MIN_VERSIONS => '1', REPLICATION_SCOPE => '0', BLOOMFILTER => 'ROW', IN_MEMORY => 'false', COMPRESSION => 'NONE', BLOCKCACHE => 'true', BLOCKSIZE => '65536 B (64KB)'}

2 row(s)
Quota is disabled
Took N seconds
stele> get_splits 'shop:items'
Total number of splits = 3
g
p
Took N seconds
=> ["g", "p"]
stele> alter 'shop:items', NAME => 'f', VERSIONS => 5
Updating all regions with the new schema...
3/3 regions updated.
Done.
Took N seconds
stele> alter 'shop:items', {NAME => 'h'}, {NAME => 'g', METHOD => 'delete'}
Updating all regions with the new schema...
3/3 regions updated.
Done.
Took N seconds
stele> alter 'shop:items', MAX_FILESIZE => '10GB'
Updating all regions with the new schema...
3/3 regions updated.
Done.
Took N seconds
stele> describe 'shop:items'
Table shop:items is ENABLED
shop:items, {TABLE_ATTRIBUTES => {MAX_FILESIZE => '10737418240 B (10GB)', METADATA => {'hbase.store.file-tracker.impl' => 'DEFAULT', 'k' => 'v'}}}
COLUMN FAMILIES DESCRIPTION
{NAME => 'f', INDEX_BLOCK_ENCODING => 'NONE', VERSIONS => '5', KEEP_DELETED_CELLS => 'FALSE', DATA_BLOCK_ENCODING => 'NONE', TTL => '93600 SECONDS (1 DAY 2 HOURS)', MIN_VERSIONS => '0', REPLICATION_SCOPE => '0', BLOOMFILTER => 'ROW', IN_MEMORY => 'false', COMPRESSION => 'GZ', BLOCKCACHE => 'true', BLOCKSIZE => '32768 B (32KB)'}

{NAME => 'h', INDEX_BLOCK_ENCODING => 'NONE', VERSIONS => '1', KEEP_DELETED_CELLS => 'FALSE', DATA_BLOCK_ENCODING => 'NONE', TTL => 'FOREVER', MIN_VERSIONS => '0', REPLICATION_SCOPE => '0', BLOOMFILTER => 'ROW', IN_MEMORY => 'false', COMPRESSION => 'NONE', BLOCKCACHE => 'true', BLOCKSIZE => '65536 B (64KB)'}

2 row(s)
Quota is disabled
Took N seconds
stele> alter 'shop:items', 'delete' => 'nope'

ERROR: org.apache.hadoop.hbase.InvalidFamilyOperationException: Family 'nope' does not exist, so it cannot be deleted

For usage try 'help "alter"'

Took N seconds
stele> put 'shop:items', 'a', 'h:x', '1'
Took N seconds
stele> truncate_preserve 'shop:items'
Truncating 'shop:items' table (it may take a while):
Disabling table...
Truncating table...
Took N seconds
stele> get_splits 'shop:items'
Total number of splits = 3
g
p
Took N seconds
=> ["g", "p"]
stele> truncate 'shop:items'
Truncating 'shop:items' table (it may take a while):
Disabling table...
Truncating table...
Took N seconds
stele> get_splits 'shop:items'
Total number of splits = 1

Took N seconds
=> []
stele> list 'shop:.*'
TABLE
shop:items
1 row(s)
Took N seconds
=> ["shop:items"]
stele> list_namespace
NAMESPACE
default
hbase
shop
3 row(s)
Took N seconds
=> ["default", "hbase", "shop"]
stele> list_namespace_tables 'shop'
TABLE
items
1 row(s)
Took N seconds
=> ["items"]
stele> describe_namespace 'shop'
DESCRIPTION
{NAME => 'shop', owner => 'ann'}
Quota is disabled
Took N seconds
stele> alter_namespace 'shop', {METHOD => 'set', 'owner' => 'bob'}
Took N seconds
stele> describe_namespace 'shop'
DESCRIPTION
{NAME => 'shop', owner => 'bob'}
Quota is disabled
Took N seconds
stele> drop_namespace 'shop'

ERROR: org.apache.hadoop.hbase.constraint.ConstraintException: Only empty namespaces can be removed. Namespace shop has 1 tables

For usage try 'help "drop_namespace"'

Took N seconds
stele> disable 'shop:items'
Took N seconds
stele> drop 'shop:items'
Took N seconds
stele> drop_namespace 'shop'
Took N seconds
stele> list_namespace
NAMESPACE
default
hbase
2 row(s)
Took N seconds
=> ["default", "hbase"]
stele> create 'order', {NAME => 'f', NEW_VERSION_BEHAVIOR => true, METADATA => {'zeta' => '1', 'alpha' => '2', 'Beta' => '3', 'mm' => '4'}, CONFIGURATION => {'z.y' => '1', 'a.b' => '2', 'm.n' => '3'}}, READONLY => true, PRIORITY => 5, OWNER => 'me', METADATA => {'zeta' => '1', 'Beta' => 3}, DURABILITY => 'SKIP_WAL', MAX_FILESIZE => 5000000, REGION_REPLICATION => 1
Created table order
Took N seconds
=> Hbase::Table - order
stele> describe 'order'
Table order is ENABLED
order, {TABLE_ATTRIBUTES => {DURABILITY => 'SKIP_WAL', MAX_FILESIZE => '5000000 B (4MB 786KB 832B)', PRIORITY => '5', READONLY => 'true', REGION_REPLICATION => '1', METADATA => {'Beta' => '3', 'OWNER' => 'me', 'hbase.store.file-tracker.impl' => 'DEFAULT', 'zeta' => '1'}}}
COLUMN FAMILIES DESCRIPTION
{NAME => 'f', INDEX_BLOCK_ENCODING => 'NONE', VERSIONS => '1', KEEP_DELETED_CELLS => 'FALSE', DATA_BLOCK_ENCODING => 'NONE', TTL => 'FOREVER', MIN_VERSIONS => '0', REPLICATION_SCOPE => '0', BLOOMFILTER => 'ROW', IN_MEMORY => 'false', COMPRESSION => 'NONE', BLOCKCACHE => 'true', BLOCKSIZE => '65536 B (64KB)', METADATA => {'mm' => '4', 'alpha' => '2', 'NEW_VERSION_BEHAVIOR' => 'true', 'Beta' => '3', 'zeta' => '1'}, CONFIGURATION => {'z.y' => '1', 'a.b' => '2', 'm.n' => '3'}}

1 row(s)
Quota is disabled
Took N seconds
stele> disable 'order'
Took N seconds
stele> drop 'order'
Took N seconds
