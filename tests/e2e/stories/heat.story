## Measured heat: what a table is asked for, and where. Numbers of tablets and rates change from run to run: what is wrong is exact.
stele> create 'cold', 'f'
Created table cold
Took N seconds
=> Hbase::Table - cold
stele> hot_rows 'cold'
ROW  KIND  COUNT  SECONDS  PER_SECOND  SHARE  TABLET
0 row(s)
Took N seconds
stele> hot_rows 'nothing'

ERROR: Unknown table nothing!

For usage try 'help "hot_rows"'

Took N seconds
stele> hot_tablets 'nothing', LIMIT => 2

ERROR: Unknown table nothing!

For usage try 'help "hot_tablets"'

Took N seconds
stele> heatmap 'nothing'

ERROR: Unknown table nothing!

For usage try 'help "heatmap"'

Took N seconds
stele> heatmap 'cold'

ERROR: there is no heat of table cold: nothing was asked of it yet, or only just now

For usage try 'help "heatmap"'

Took N seconds
stele> heatmap 'heat', METRIC => 'warmth'

ERROR: there is no metric warmth: ops, reads, gets, scans, writes, bytes, bytes_in, bytes_out, cpu

For usage try 'help "heatmap"'

Took N seconds
stele> hot_tablets METRICS => 'ops'

ERROR: there is no option METRICS: METRIC, LIMIT

For usage try 'help "hot_tablets"'

Took N seconds
stele> hot_rows 'heat', LIMIT => 0

ERROR: LIMIT must be a number from 1 to 1000000

For usage try 'help "hot_rows"'

Took N seconds
stele> help 'hot_tablets'
The tablets that take most now (mean of the last one to two minutes), and their hottest keys:
  hot_tablets; hot_tablets 't'; hot_tablets 't', METRIC => 'writes', LIMIT => 10
  METRIC: ops (gets, scanned rows, writes), reads, gets, scans, writes, bytes, bytes_in, bytes_out, cpu
stele> help 'hot_rows'
The rows that take most, with the bounds of their counts in the last one to two minutes:
  hot_rows; hot_rows 't'; hot_rows 't', LIMIT => 10
stele> help 'heatmap'
Draws a table's keys over time, brighter where more was asked for; ^ marks splits, v merges, > moves:
  heatmap 't'; heatmap 't', METRIC => 'writes', MINUTES => 180, STARTROW => 'a', STOPROW => 'b', ROWS => 32, COLUMNS => 60
stele> disable 'cold'
Took N seconds
stele> drop 'cold'
Took N seconds
