## What the shell says when something is wrong.
stele> create 'e'

ERROR: Table must have at least one column family

For usage try 'help "create"'

Took N seconds
stele> create 'e', 'f'
Created table e
Took N seconds
=> Hbase::Table - e
stele> create 'e', 'f'

ERROR: Table already exists: e!

For usage try 'help "create"'

Took N seconds
stele> create 'bad name', 'f'

ERROR: Illegal character code:32, < > at 3. User-space table qualifiers may only contain 'alphanumeric characters' and digits: bad name

For usage try 'help "create"'

Took N seconds
stele> create 'e2', {NAME => 'f', VERSIONS => 0}

ERROR: Maximum versions must be positive

For usage try 'help "create"'

Took N seconds
stele> create 'e2', {NAME => 'f', COMPRESSION => 'rar'}

ERROR: Compression RAR is not supported. Use one of LZO GZ NONE SNAPPY LZ4 BZIP2 ZSTD LZMA BROTLI

For usage try 'help "create"'

Took N seconds
stele> put 'e'

ERROR: wrong number of arguments (given 1, expected 4..6)

For usage try 'help "put"'

Took N seconds
stele> get 'e'

ERROR: wrong number of arguments (given 1, expected 2+)

For usage try 'help "get"'

Took N seconds
stele> exists

ERROR: wrong number of arguments (given 0, expected 1)

For usage try 'help "exists"'

Took N seconds
stele> put 'e', 'r', 'nope:q', 'v'

ERROR: Unknown column family! Valid column names: f:*

For usage try 'help "put"'

Took N seconds
stele> put 'nope', 'r', 'f:q', 'v'

ERROR: Unknown table nope!

For usage try 'help "put"'

Took N seconds
stele> get 'nope', 'r'
COLUMN  CELL

ERROR: Unknown table nope!

For usage try 'help "get"'

Took N seconds
stele> get 'e', ''
COLUMN  CELL

ERROR: Row length is 0

For usage try 'help "get"'

Took N seconds
stele> get 'e', 'r', 'nope'
COLUMN  CELL

ERROR: org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException: Column family nope does not exist in region e,,T.ID.

For usage try 'help "get"'

Took N seconds
stele> get 'e', 'r', {COLUMN => 5}
COLUMN  CELL

ERROR: Failed parse column argument type {"COLUMN"=>5}, Hash

For usage try 'help "get"'

Took N seconds
stele> scan 'e', {COLUMNS => 5}
ROW  COLUMN+CELL

ERROR: COLUMNS must be specified as a String or an Array

For usage try 'help "scan"'

Took N seconds
stele> count 'e', {COLUMN => :f}

ERROR: COLUMNS must be specified as a String or an Array

For usage try 'help "count"'

Took N seconds
stele> deleteall 'hbase:meta', {ROWPREFIXFILTER => 'e'}

ERROR: deleteall with ROWPREFIXFILTER in hbase:meta is not allowed.

For usage try 'help "deleteall"'

Took N seconds
stele> deleteall 'hbase:meta', 'nothing'

ERROR: Row Not Found

For usage try 'help "deleteall"'

Took N seconds
stele> delete 'hbase:meta', 'nothing', 'info:state'

ERROR: Row Not Found

For usage try 'help "delete"'

Took N seconds
stele> later = get_table 'not_yet'
Took N seconds
=> Hbase::Table - not_yet
stele> later.scan
ROW  COLUMN+CELL

ERROR: Unknown table not_yet!

For usage try 'help "scan"'

Took N seconds
stele> later.get_all_columns
ERROR: Unknown table not_yet!
stele> drop 'e'

ERROR: Table e is enabled. Disable it first.

For usage try 'help "drop"'

Took N seconds
stele> drop 'nope'

ERROR: Table nope does not exist.

For usage try 'help "drop"'

Took N seconds
stele> disable 'nope'

ERROR: Table nope does not exist.

For usage try 'help "disable"'

Took N seconds
stele> describe 'nope'

ERROR: Table nope does not exist.

For usage try 'help "describe"'

Took N seconds
stele> is_enabled 'nope'

ERROR: Unknown table nope!

For usage try 'help "is_enabled"'

Took N seconds
stele> enable 'e'
Took N seconds
stele> disable 'e'
Took N seconds
stele> disable 'e'
Took N seconds
stele> put 'e', 'r', 'f:q', 'v'

ERROR: Table e is disabled!

For usage try 'help "put"'

Took N seconds
stele> truncate 'nope'

ERROR: Unknown table nope!

For usage try 'help "truncate"'

Took N seconds
stele> alter 'nope', 'f'

ERROR: Can't find a table: nope

For usage try 'help "alter"'

Took N seconds
stele> frobnicate 'e'
ERROR: NoMethodError: undefined method 'frobnicate' (type help for the commands)
stele> put 'e', )
ERROR: SyntaxError: syntax error, unexpected ')'
stele> exists 'e'; frobnicate; exists 'e'
Table e does exist
Took N seconds
ERROR: NoMethodError: undefined method 'frobnicate' (type help for the commands)
stele> 1 +
stele* 2
=> 3
stele> list = 'x'
WARN: 'list' is a reserved HBase command. Local variable assignment ignored.
=> "x"
stele> drop 'e'
Took N seconds
stele> create 'kept', 'f', SPLITS => 'm'

ERROR: SPLITS should be an array of keys

For usage try 'help "create"'

Took N seconds
stele> create 'kept', 'f'
Created table kept
Took N seconds
=> Hbase::Table - kept
stele> create 'other', 'f'
Created table other
Took N seconds
=> Hbase::Table - other
stele> clone_table_schema 'other', 'kept'

ERROR: Table already exists: kept!

For usage try 'help "clone_table_schema"'

Took N seconds
stele> alter_namespace 'default'

ERROR: There should be at least one argument but the namespace

For usage try 'help "alter_namespace"'

Took N seconds
stele> disable 'kept'; disable 'other'; drop 'kept'; drop 'other'
Took N seconds
Took N seconds
Took N seconds
Took N seconds
stele> flush ''

ERROR: Name is null or empty

For usage try 'help "flush"'

Took N seconds
stele> major_compact 'default:'

ERROR: Name is null or empty

For usage try 'help "major_compact"'

Took N seconds
stele> split ''

ERROR: Name is null or empty

For usage try 'help "split"'

Took N seconds
stele> regioninfo ''

ERROR: Name is null or empty

For usage try 'help "regioninfo"'

Took N seconds
## Commands of HBase's shell that this one has not; whatever a script calls so is its own.
stele> list_quotas
ERROR: list_quotas: this shell has no commands for quotas and throttles
stele> grant 'u', 'RW'
ERROR: grant: this shell has no commands for permissions
stele> help 'add_peer'
add_peer: this shell has no commands for replication.
stele> frobnicate 1
ERROR: NoMethodError: undefined method 'frobnicate' (type help for the commands)
stele> def trace(text) "traced #{text}" end; trace 'it'
=> "traced it"
