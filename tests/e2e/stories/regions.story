## Regions: split and merged by command, opened and closed; what is wrong is said in HBase's words.
stele> create 'regions', 'f', SPLITS => ['m']
Created table regions
Took N seconds
=> Hbase::Table - regions
stele> (1..9).each { |i| put 'regions', "row#{i}", 'f:q', i }
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
=> 1..9
stele> list_regions 'regions', {}, ['START_KEY', 'END_KEY']
  START_KEY |    END_KEY |
 ---------- | ---------- |
            |          m |
          m |            |
 2 rows
Took N seconds
stele> scan 'hbase:meta', {COLUMNS => 'info:regioninfo', STARTROW => 'regions,,', STOPROW => 'regions ,,'}
ROW  COLUMN+CELL
 regions,,T.ID. column=info:regioninfo, timestamp=T, value={ENCODED => ID, NAME => 'regions,,T.ID.', STARTKEY => '', ENDKEY => 'm'}
 regions,m,T.ID. column=info:regioninfo, timestamp=T, value={ENCODED => ID, NAME => 'regions,m,T.ID.', STARTKEY => 'm', ENDKEY => ''}
2 row(s)
Took N seconds
stele> split 'regions', 'row5'
Took N seconds
stele> list_regions 'regions', nil, ['start_key', 'END_KEY']
  START_KEY |    END_KEY |
 ---------- | ---------- |
            |          m |
          m |       row5 |
       row5 |            |
 3 rows
Took N seconds
stele> count 'regions'
9 row(s)
Took N seconds
=> 9
stele> scan 'regions', {COLUMNS => ['f:q'], STARTROW => 'row4', STOPROW => 'row7', TIMERANGE => [0, 1]}
ROW  COLUMN+CELL
0 row(s)
Took N seconds
stele> put 'regions', 'row5a', 'f:q', 'after'
Took N seconds
stele> get_splits 'regions'
Total number of splits = 3
m
row5
Took N seconds
=> ["m", "row5"]
stele> locate_region 'regions', 'row5'
HOST  REGION
 HOST {ENCODED => ID, NAME => 'regions,row5,T.ID.', STARTKEY => 'row5', ENDKEY => ''}
1 row(s)
Took N seconds
=> region=regions,row5,T.ID., hostname=HOST,S, seqNum=N
stele> locate_region 'regions', 'a'
HOST  REGION
 HOST {ENCODED => ID, NAME => 'regions,,T.ID.', STARTKEY => '', ENDKEY => 'm'}
1 row(s)
Took N seconds
=> region=regions,,T.ID., hostname=HOST,S, seqNum=N
stele> locate_region 'nothing', 'a'

ERROR: Unknown table nothing!

For usage try 'help "locate_region"'

Took N seconds
stele> compact 'regions'
Took N seconds
stele> compact 'regions', 'f'
Took N seconds
stele> compact 'nothing'

ERROR: Unknown table nothing!

For usage try 'help "compact"'

Took N seconds
stele> whoami
USER (auth:SIMPLE)
    groups: GROUPS
Took N seconds
stele> split 'nothing', 'x'

ERROR: Unknown table nothing!

For usage try 'help "split"'

Took N seconds
stele> split '0123456789abcdef0123456789abcdef'

ERROR: Unknown table 0123456789abcdef0123456789abcdef!

For usage try 'help "split"'

Took N seconds
stele> merge_region 'one'

ERROR: Need at least two regions to merge

For usage try 'help "merge_region"'

Took N seconds
stele> move '0123456789abcdef0123456789abcdef'

ERROR: org.apache.hadoop.hbase.UnknownRegionException: 0123456789abcdef0123456789abcdef

For usage try 'help "move"'

Took N seconds
stele> move '0123456789abcdef0123456789abcdef', 'no server'

ERROR: 'no server' is not host,port,startcode

For usage try 'help "move"'

Took N seconds
stele> assign 'nothing'

ERROR: org.apache.hadoop.hbase.UnknownRegionException: nothing

For usage try 'help "assign"'

Took N seconds
stele> unassign '0123456789abcdef0123456789abcdef'

ERROR: org.apache.hadoop.hbase.UnknownRegionException: 0123456789abcdef0123456789abcdef

For usage try 'help "unassign"'

Took N seconds
stele> list_regions 'regions', nil, ['NAME']

ERROR: NAME is not a valid column. Possible values are SERVER_NAME, REGION_NAME, START_KEY, END_KEY, SIZE, REQ, LOCALITY.

For usage try 'help "list_regions"'

Took N seconds
stele> list_regions 'regions', {LOCALITY_THRESHOLD => 2}

ERROR: LOCALITY_THRESHOLD must be a float value

For usage try 'help "list_regions"'

Took N seconds
stele> list_regions 'nothing'

ERROR: Table nothing does not exist.

For usage try 'help "list_regions"'

Took N seconds
stele> regioninfo '1588230740'
{ENCODED => 1588230740, NAME => 'hbase:meta,,1', STARTKEY => '', ENDKEY => ''}
Took N seconds
stele> rit
0 row(s)
Took N seconds
stele> disable 'regions'
Took N seconds
stele> list_regions 'regions'

ERROR: Table regions must be enabled.

For usage try 'help "list_regions"'

Took N seconds
stele> enable 'regions'
Took N seconds
stele> count 'regions'
10 row(s)
Took N seconds
=> 10
stele> truncate_preserve 'regions'
Truncating 'regions' table (it may take a while):
Disabling table...
Truncating table...
Took N seconds
stele> get_splits 'regions'
Total number of splits = 3
m
row5
Took N seconds
=> ["m", "row5"]
stele> disable 'regions'
Took N seconds
stele> drop 'regions'
Took N seconds
