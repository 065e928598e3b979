## A table that is READONLY refuses whatever would change it, and is read as before; made writable again, it takes all that.
stele> create 'ro', 'f'; put 'ro', 'r', 'f:q', 'v', 1
Created table ro
Took N seconds
Took N seconds
stele> incr 'ro', 'r', 'f:n', 7
COUNTER VALUE = 7
Took N seconds
stele> alter 'ro', READONLY => true
Updating all regions with the new schema...
1/1 regions updated.
Done.
Took N seconds
stele> put 'ro', 'r', 'f:q', 'w'

ERROR: org.apache.hadoop.hbase.DoNotRetryIOException: region is read only

For usage try 'help "put"'

Took N seconds
stele> put 'ro', 'new', 'f:q', 'w'

ERROR: org.apache.hadoop.hbase.DoNotRetryIOException: region is read only

For usage try 'help "put"'

Took N seconds
stele> delete 'ro', 'r', 'f:q'

ERROR: org.apache.hadoop.hbase.DoNotRetryIOException: region is read only

For usage try 'help "delete"'

Took N seconds
stele> deleteall 'ro', 'r'

ERROR: org.apache.hadoop.hbase.DoNotRetryIOException: region is read only

For usage try 'help "deleteall"'

Took N seconds
stele> incr 'ro', 'r', 'f:n', 1

ERROR: org.apache.hadoop.hbase.DoNotRetryIOException: region is read only

For usage try 'help "incr"'

Took N seconds
stele> append 'ro', 'r', 'f:q', '+'

ERROR: org.apache.hadoop.hbase.DoNotRetryIOException: region is read only

For usage try 'help "append"'

Took N seconds
stele> get 'ro', 'r', 'f:q'
COLUMN  CELL
 f:q timestamp=1970-01-01T00:00:00.001, value=v
1 row(s)
Took N seconds
stele> get_counter 'ro', 'r', 'f:n'
COUNTER VALUE = 7
Took N seconds
stele> scan 'ro', {COLUMNS => 'f:q'}
ROW  COLUMN+CELL
 r column=f:q, timestamp=1970-01-01T00:00:00.001, value=v
1 row(s)
Took N seconds
stele> flush 'ro'; count 'ro'
Took N seconds
1 row(s)
Took N seconds
=> 1
stele> alter 'ro', READONLY => false
Updating all regions with the new schema...
1/1 regions updated.
Done.
Took N seconds
stele> put 'ro', 'r', 'f:q', 'w', 2
Took N seconds
stele> incr 'ro', 'r', 'f:n', 1
COUNTER VALUE = 8
Took N seconds
stele> append 'ro', 'r', 'f:q', '+'
CURRENT VALUE = w+
Took N seconds
stele> deleteall 'ro', 'r'
Took N seconds
stele> scan 'ro'
ROW  COLUMN+CELL
0 row(s)
Took N seconds
stele> disable 'ro'; drop 'ro'
Took N seconds
Took N seconds
