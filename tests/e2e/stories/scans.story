## Every option of scan that needs no clock.
stele> create 's', 'a', 'b'
Created table s
Took N seconds
=> Hbase::Table - s
stele> (1..9).each { |i| put 's', "row#{i}", 'a:n', i; put 's', "row#{i}", 'b:sq', i * i }; nil
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
stele> scan 's', {LIMIT => 2}
ROW  COLUMN+CELL
 row1 column=a:n, timestamp=T, value=1
 row1 column=b:sq, timestamp=T, value=1
 row2 column=a:n, timestamp=T, value=2
 row2 column=b:sq, timestamp=T, value=4
2 row(s)
Took N seconds
stele> scan 's', {STARTROW => 'row3', STOPROW => 'row5'}
ROW  COLUMN+CELL
 row3 column=a:n, timestamp=T, value=3
 row3 column=b:sq, timestamp=T, value=9
 row4 column=a:n, timestamp=T, value=4
 row4 column=b:sq, timestamp=T, value=16
2 row(s)
Took N seconds
stele> scan 's', {COLUMNS => ['a'], STARTROW => 'row8'}
ROW  COLUMN+CELL
 row8 column=a:n, timestamp=T, value=8
 row9 column=a:n, timestamp=T, value=9
2 row(s)
Took N seconds
stele> scan 's', {COLUMNS => 'b:sq', LIMIT => 3, REVERSED => true}
ROW  COLUMN+CELL
 row9 column=b:sq, timestamp=T, value=81
 row8 column=b:sq, timestamp=T, value=64
 row7 column=b:sq, timestamp=T, value=49
3 row(s)
Took N seconds
stele> scan 's', {ROWPREFIXFILTER => 'row7'}
ROW  COLUMN+CELL
 row7 column=a:n, timestamp=T, value=7
 row7 column=b:sq, timestamp=T, value=49
1 row(s)
Took N seconds
stele> scan 's', {FILTER => "PrefixFilter('row2') AND ValueFilter(=, 'binary:4')"}
ROW  COLUMN+CELL
 row2 column=b:sq, timestamp=T, value=4
1 row(s)
Took N seconds
stele> scan 's', {FILTER => "SingleColumnValueFilter('b', 'sq', >, 'binary:5')", COLUMNS => ['b:sq']}
ROW  COLUMN+CELL
 row3 column=b:sq, timestamp=T, value=9
 row8 column=b:sq, timestamp=T, value=64
 row9 column=b:sq, timestamp=T, value=81
3 row(s)
Took N seconds
stele> scan 's', FILTER => "KeyOnlyFilter()", LIMIT => 2
ROW  COLUMN+CELL
 row1 column=a:n, timestamp=T, value=
 row1 column=b:sq, timestamp=T, value=
 row2 column=a:n, timestamp=T, value=
 row2 column=b:sq, timestamp=T, value=
2 row(s)
Took N seconds
stele> scan 's', {BATCH => 1, LIMIT => 1}
ROW  COLUMN+CELL
 row1 column=a:n, timestamp=T, value=1
 row1 column=b:sq, timestamp=T, value=1
1 row(s)
Took N seconds
stele> scan 's', {MAXLENGTH => 1, STARTROW => 'row4', LIMIT => 1}
ROW  COLUMN+CELL
 row4 column=a:n, t
 row4 column=b:sq, t
1 row(s)
Took N seconds
stele> scan 's', {FILTER => "NoSuchFilter('x')"}
ROW  COLUMN+CELL

ERROR: Filter Name NoSuchFilter not supported

For usage try 'help "scan"'

Took N seconds
stele> scan 's', {COLUMNS => 'nope:x'}
ROW  COLUMN+CELL

ERROR: org.apache.hadoop.hbase.regionserver.NoSuchColumnFamilyException: Column family nope does not exist in region s,,T.ID.

For usage try 'help "scan"'

Took N seconds
stele> count 's', INTERVAL => 4
Current count: 4, row: row4
Current count: 8, row: row8
9 row(s)
Took N seconds
=> 9
stele> count 's', FILTER => "PrefixFilter('row1')"
1 row(s)
Took N seconds
=> 1
stele> put 's', 'row1', 'a:n', 'gone', 1, {ATTRIBUTES => {'_ttl' => "\x00\x00\x00\x00\x00\x00\x00\x01"}}
Took N seconds
stele> deleteall 's', 'row1', 'a:n', 500, {VISIBILITY => 'public'}
Took N seconds
stele> scan 's', {COLUMNS => 'a', ROWPREFIXFILTER => 'row1', VERSIONS => 9, ATTRIBUTES => {'_raw_' => "\xFF"}}
ROW  COLUMN+CELL
 row1 column=a:n, timestamp=T, value=1
 row1 column=a:n, timestamp=1970-01-01T00:00:00.500, type=DeleteColumn
1 row(s)
Took N seconds
stele> get 's', 'row1', {COLUMN => 'a', ATTRIBUTES => {'k' => 1}, AUTHORIZATIONS => ['public'], CONSISTENCY => 'STRONG'}
COLUMN  CELL
 a:n timestamp=T, value=1
1 row(s)
Took N seconds
stele> scan 's', {READ_TYPE => 'PREAD', ISOLATION_LEVEL => 'READ_UNCOMMITTED', CONSISTENCY => 'TIMELINE', CACHE_BLOCKS => false, CACHE => 2, MAX_RESULT_SIZE => 1, LIMIT => 1}
ROW  COLUMN+CELL
 row1 column=a:n, timestamp=T, value=1
 row1 column=b:sq, timestamp=T, value=1
1 row(s)
Took N seconds
stele> incr 's', 'row1', 'b:c', 5, {ATTRIBUTES => {'k' => 'v'}}
COUNTER VALUE = 5
Took N seconds
stele> append 's', 'row1', 'b:t', 'x', {ATTRIBUTES => {'k' => 'v'}}
CURRENT VALUE = x
Took N seconds
stele> delete 's', 'row1', 'b:t', {VISIBILITY => 'public'}
Took N seconds
stele> deleteall 's', {ROWPREFIXFILTER => 'row1', CACHE => 2}, 'b:c'
Took N seconds
stele> get 's', 'row1', {ATTRIBUTES => 'k'}
COLUMN  CELL

ERROR: Attributes must be a Hash type

For usage try 'help "get"'

Took N seconds
stele> scan 's', {LIMIT => 1, METRICS => ['ROWS_SCANNED', 'REGIONS_SCANNED', 'BYTES_READ_FROM_FS']}
ROW  COLUMN+CELL
 row1 column=a:n, timestamp=T, value=1
 row1 column=b:sq, timestamp=T, value=1
1 row(s)

METRIC  VALUE
 BYTES_READ_FROM_FS 0
 REGIONS_SCANNED 1
 ROWS_SCANNED 1
Took N seconds
stele> scan 's', {READ_TYPE => 'SLOW'}
ROW  COLUMN+CELL

ERROR: READ_TYPE should be one of DEFAULT, STREAM, PREAD

For usage try 'help "scan"'

Took N seconds
stele> disable 's'
Took N seconds
stele> scan 's'
ROW  COLUMN+CELL

ERROR: Table s is disabled!

For usage try 'help "scan"'

Took N seconds
stele> drop 's'
Took N seconds
