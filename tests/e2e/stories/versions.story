## Versions, timestamps, time ranges and the four delete markers.
stele> create 'v', {NAME => 'f', VERSIONS => 3}
Created table v
Took N seconds
=> Hbase::Table - v
stele> put 'v', 'r', 'f:q', 'one', 1000
Took N seconds
stele> put 'v', 'r', 'f:q', 'two', 2000
Took N seconds
stele> put 'v', 'r', 'f:q', 'three', 3000
Took N seconds
stele> put 'v', 'r', 'f:q', 'four', 4000
Took N seconds
stele> get 'v', 'r', {COLUMN => 'f:q', VERSIONS => 10}
COLUMN  CELL
 f:q timestamp=1970-01-01T00:00:04, value=four
 f:q timestamp=1970-01-01T00:00:03, value=three
 f:q timestamp=1970-01-01T00:00:02, value=two
1 row(s)
Took N seconds
stele> get 'v', 'r', {COLUMN => 'f:q', TIMESTAMP => 2000}
COLUMN  CELL
 f:q timestamp=1970-01-01T00:00:02, value=two
1 row(s)
Took N seconds
stele> get 'v', 'r', {COLUMN => 'f:q', TIMERANGE => [2000, 4000], VERSIONS => 5}
COLUMN  CELL
 f:q timestamp=1970-01-01T00:00:03, value=three
 f:q timestamp=1970-01-01T00:00:02, value=two
1 row(s)
Took N seconds
stele> delete 'v', 'r', 'f:q'
Took N seconds
stele> get 'v', 'r', {COLUMN => 'f:q', VERSIONS => 10}
COLUMN  CELL
 f:q timestamp=1970-01-01T00:00:03, value=three
 f:q timestamp=1970-01-01T00:00:02, value=two
 f:q timestamp=1970-01-01T00:00:01, value=one
1 row(s)
Took N seconds
stele> delete 'v', 'r', 'f:q', 2000
Took N seconds
stele> get 'v', 'r', {COLUMN => 'f:q', VERSIONS => 10}
COLUMN  CELL
 f:q timestamp=1970-01-01T00:00:03, value=three
 f:q timestamp=1970-01-01T00:00:01, value=one
1 row(s)
Took N seconds
stele> scan 'v', {RAW => true, VERSIONS => 10}
ROW  COLUMN+CELL
 r column=f:q, timestamp=1970-01-01T00:00:04, type=Delete
 r column=f:q, timestamp=1970-01-01T00:00:04, value=four
 r column=f:q, timestamp=1970-01-01T00:00:03, value=three
 r column=f:q, timestamp=1970-01-01T00:00:02, type=Delete
 r column=f:q, timestamp=1970-01-01T00:00:02, value=two
 r column=f:q, timestamp=1970-01-01T00:00:01, value=one
1 row(s)
Took N seconds
stele> deleteall 'v', 'r', 'f:q', 3500
Took N seconds
stele> scan 'v', {VERSIONS => 10}
ROW  COLUMN+CELL
0 row(s)
Took N seconds
stele> put 'v', 'named', 'f:q', 'one', {TIMESTAMP => 1000}
Took N seconds
stele> put 'v', 'named', 'f:q', 'two', {TIMESTAMP => 2000}
Took N seconds
## No versions are one, as in HBase's shell.
stele> scan 'v', {VERSIONS => 0}
ROW  COLUMN+CELL
 named column=f:q, timestamp=1970-01-01T00:00:02, value=two
1 row(s)
Took N seconds
stele> delete 'v', 'named', 'f:q', {TIMESTAMP => 1000}
Took N seconds
stele> deleteall 'v', 'named', 'f:q', {TIMESTAMP => 500}
Took N seconds
stele> deleteall 'v', 'named', {TIMESTAMP => 600}
Took N seconds
stele> get 'v', 'named', {COLUMN => 'f:q', VERSIONS => 3}
COLUMN  CELL
 f:q timestamp=1970-01-01T00:00:02, value=two
1 row(s)
Took N seconds
stele> put 'v', 'brief', 'f:q', 'gone', 1000, {TTL => 0}
Took N seconds
stele> put 'v', 'brief', 'f:q', 'gone', 2000, {TTL => -5}
Took N seconds
stele> incr 'v', 'brief', 'f:n', 3, {TTL => -5}
COUNTER VALUE = 3
Took N seconds
stele> get 'v', 'brief'
COLUMN  CELL
0 row(s)
Took N seconds
stele> flush 'v'
Took N seconds
stele> major_compact 'v'
Took N seconds
stele> disable 'v'
Took N seconds
stele> drop 'v'
Took N seconds
