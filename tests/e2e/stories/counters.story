## Counters and appends.
stele> create 'c', 'f'
Created table c
Took N seconds
=> Hbase::Table - c
stele> incr 'c', 'r', 'f:hits'
COUNTER VALUE = 1
Took N seconds
stele> incr 'c', 'r', 'f:hits', 41
COUNTER VALUE = 42
Took N seconds
stele> get_counter 'c', 'r', 'f:hits'
COUNTER VALUE = 42
Took N seconds
stele> get_counter 'c', 'r', 'f:nothing'
No counter found at specified coordinates
Took N seconds
stele> get 'c', 'r', 'f:hits:toLong'
COLUMN  CELL
 f:hits timestamp=T, value=42
1 row(s)
Took N seconds
stele> append 'c', 'r', 'f:log', 'a'
CURRENT VALUE = a
Took N seconds
stele> append 'c', 'r', 'f:log', 'b'
CURRENT VALUE = ab
Took N seconds
stele> incr 'c', 'r', 'f:log'

ERROR: org.apache.hadoop.hbase.DoNotRetryIOException: Field is not a long, it's 2 bytes wide

For usage try 'help "incr"'

Took N seconds
stele> incr 'c', 'r', 'f'

ERROR: Failed to provide both column family and column qualifier for incr

For usage try 'help "incr"'

Took N seconds
stele> append 'c', 'r', 'f', 'x'

ERROR: Failed to provide both column family and column qualifier for append

For usage try 'help "append"'

Took N seconds
stele> disable 'c'
Took N seconds
stele> drop 'c'
Took N seconds
